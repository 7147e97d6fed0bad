// What a create tells while it works: to whoever called the library, line by line with --format json, and as a display.

export type CreateEvent =
  /** Something the user should know: an id span was made, the container is privileged. */
  | { readonly kind: 'notice'; readonly text: string }
  /** The password that root was given; told once. It is kept in `file`. */
  | { readonly kind: 'password'; readonly text: string; readonly file: string }
  /** A line that the template printed. */
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  /** A line of a question of the template, which waits for its answer on the terminal. */
  | { readonly kind: 'question'; readonly text: string }
  /** Something that may take long begins; it ends by `step-ends`, or the whole create fails. */
  | { readonly kind: 'step-begins'; readonly step: StepName; readonly text: string }
  | { readonly kind: 'step-ends'; readonly step: StepName; readonly durationMs: number }
  | ({ readonly kind: 'progress' } & Progress);

/** How far a long step is. */
export interface Progress {
  /** `Downloading rootfs.tar.xz`. */
  readonly what: string;
  /** `bytes`, or what is counted, in the plural: `packages`. */
  readonly unit: string;
  readonly done: number;
  /** Absent: nobody knows. */
  readonly total?: number;
  /** A line of output said it as well. */
  readonly said?: boolean;
}

/**
 * look: the mirror is asked what it has. base: a base is made. digest: it is read whole, and stored. copy: a base is copied.
 * personalize: a copy is made one container's own. template: a template that has no phases runs. shift: the tree gets the
 * container's ids.
 */
export type StepName = 'look' | 'base' | 'digest' | 'copy' | 'personalize' | 'template' | 'shift';

/** Does the work of a step between the events of its begin and of its end; a failure has no end. */
export async function inStep<T>(
  onEvent: (event: CreateEvent) => void,
  { step, text }: { readonly step: StepName; readonly text: string },
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now();
  onEvent({ kind: 'step-begins', step, text });
  const result = await work();
  onEvent({ kind: 'step-ends', step, durationMs: Math.round(performance.now() - began) });
  return result;
}
