// A plan: ordered segments of ops, each op with the reason it is there.

import type { Origin } from '../base/errors.ts';
import type { OpFields, OpName } from './opcodes.ts';
import type { Slot } from './slot.ts';

export type PlanKind = 'launch' | 'run' | 'teardown';
export type Actor = 'host' | 'spawner' | 'parent' | 'child' | 'teardown-stop' | 'teardown-reboot';

export interface Op<N extends OpName = OpName> {
  readonly name: N;
  readonly fields: OpFields[N];
  readonly origin: Origin;
}

export interface Segment {
  readonly actor: Actor;
  readonly ops: readonly Op[];
}

/** A config key that this host makes meaningless, and why (`tslxc plan` shows it; LXC ignores it too). */
export interface IgnoredKey {
  readonly key: string;
  readonly reason: string;
  readonly origin: Origin;
}

export interface Plan {
  readonly kind: PlanKind;
  readonly segments: readonly Segment[];
  readonly slotCount: number;
  /** Things the user should know, one line each. */
  readonly notices: readonly string[];
  readonly ignored: readonly IgnoredKey[];
}

/** Collects ops; recipes take one and add to it. A change of actor begins a new segment. */
export class PlanBuilder {
  readonly #segments: { actor: Actor; ops: Op[] }[] = [];
  readonly #notices: string[] = [];
  readonly #ignored: IgnoredKey[] = [];
  #slotCount = 0;

  newSlot(): Slot {
    return { slot: this.#slotCount++ };
  }

  add<N extends OpName>(actor: Actor, origin: Origin, name: N, fields: OpFields[N]): void {
    const last = this.#segments.at(-1);
    const op: Op = { name, fields, origin } as Op;
    if (last?.actor === actor) last.ops.push(op);
    else this.#segments.push({ actor, ops: [op] });
  }

  notice(text: string): void {
    this.#notices.push(text);
  }

  ignore(key: IgnoredKey): void {
    this.#ignored.push(key);
  }

  build(kind: PlanKind): Plan {
    return {
      kind,
      segments: this.#segments,
      slotCount: this.#slotCount,
      notices: this.#notices,
      ignored: this.#ignored,
    };
  }
}
