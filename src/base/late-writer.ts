/** Has bytes to write that it gathers until the turn of the event loop ends. Whoever was asked to let it write calls it once. */
export interface LateWriter {
  /** Writes them. */
  writeLate(): void;
}
