/** Something that can't happen did. The thread that meets it stops with this error; it is never caught to go on. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws `InvariantError` unless `condition` holds. For facts that the code itself guarantees, never for input. */
export function assertInvariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
