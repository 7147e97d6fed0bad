// What several starts of one call share of the host: facts, bridges that are up, ids in use. For one start it is just those.

import { type IdSpan, spansOverlap } from '../base/id-spans.ts';
import type { ContainerConfig, NetConfig } from '../config/model.ts';
import type { Settings } from '../config/settings.ts';
import { SharedFiles } from '../config/shared-files.ts';
import { collectHostFacts } from '../facts/host.ts';
import type { HostFacts } from '../facts/model.ts';
import { prepareLinks } from '../network/links.ts';
import { type LiveIdMap, liveIdMaps } from '../storage/live-id-maps.ts';

/** Looked at once, at first use: valid for the moments that a call with many starts takes. */
export class HostNow {
  /** What their configs include. */
  readonly configFiles = new SharedFiles();
  readonly #facts = new Map<string, HostFacts>();
  #idMaps: readonly LiveIdMap[] | undefined;
  readonly #claimed: IdSpan[] = [];
  readonly #bridges = new Map<string, Promise<readonly string[]>>();

  /** Facts of the host and of the bridges that the config names. */
  facts(config: ContainerConfig): HostFacts {
    const links = linksOf(config.net);
    return remembered(this.#facts, links.join(' '), () => collectHostFacts(links));
  }

  /** Id maps that were alive at the first look. */
  get idMaps(): readonly LiveIdMap[] {
    this.#idMaps ??= liveIdMaps();
    return this.#idMaps;
  }

  /** False when another start of the same call has claimed one of these ids. */
  claimIds(spans: readonly IdSpan[]): boolean {
    if (spans.some(span => this.#claimed.some(claimed => spansOverlap(span, claimed)))) return false;
    this.#claimed.push(...merged(spans));
    return true;
  }

  /** Makes the bridges that the config names, once; the notices are told to each start. */
  bridges(config: ContainerConfig, settings: Settings): Promise<readonly string[]> {
    const key = `${settings.network.bridge} ${linksOf(config.net).join(' ')}`;
    return remembered(this.#bridges, key, () => prepareLinks(config.net, settings));
  }
}

/** Users and groups commonly have the same span. */
function merged(spans: readonly IdSpan[]): IdSpan[] {
  return spans.filter(
    (span, at) => spans.findIndex(other => other.first === span.first && other.count === span.count) === at,
  );
}

function linksOf(nets: readonly NetConfig[]): string[] {
  return nets.flatMap(({ link }) => (link ? [link.value] : []));
}

function remembered<T>(known: Map<string, T>, key: string, find: () => T): T {
  const old = known.get(key);
  if (old !== undefined) return old;
  const found = find();
  known.set(key, found);
  return found;
}
