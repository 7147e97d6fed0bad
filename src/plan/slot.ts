/** A numbered place for a value that exists only at run time: a descriptor, a pid, an interface index. */
export interface Slot {
  readonly slot: number;
}
