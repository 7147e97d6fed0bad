// What a question is. Pure data: whoever asks (the command line, a full-screen program, a test) shows it in its own way.

/** What is asked for; an answer is kept under the same key. */
export type Topic =
  | 'template'
  | 'mirror'
  | 'distribution'
  | 'release'
  | 'arch'
  | 'variant'
  | 'name'
  | 'memory'
  | 'cpus'
  | 'network'
  | 'bridge'
  | 'access'
  | 'password'
  | 'sshKey';

/** What was answered so far. An empty text: whatever is usual. */
export type Answers = Readonly<Partial<Record<Topic, string>>>;

export interface Choice {
  readonly value: string;
  readonly label: string;
  /** More about it, in a few words. */
  readonly note?: string;
  /** Why it can't be chosen here. */
  readonly unavailable?: string;
}

interface Asked {
  readonly topic: Topic;
  /** Ends with no question mark or colon. */
  readonly message: string;
}

export interface ChoiceQuestion extends Asked {
  readonly kind: 'choice';
  /** In the order to show; at least two of them can be chosen. */
  readonly choices: readonly Choice[];
  /** The value of the choice to begin with. */
  readonly usual: string;
}

export interface TextQuestion extends Asked {
  readonly kind: 'text';
  /** Taken when nothing is typed; empty: nothing is. */
  readonly usual: string;
  /** What an empty answer means, in a few words. */
  readonly emptyMeans?: string;
  /** What is wrong with an answer; undefined: nothing. */
  readonly fault: (answer: string) => string | undefined;
}

/** Typed twice, never shown. */
export interface SecretQuestion extends Asked {
  readonly kind: 'secret';
  readonly fault: (answer: string) => string | undefined;
}

export type Question = ChoiceQuestion | TextQuestion | SecretQuestion;
