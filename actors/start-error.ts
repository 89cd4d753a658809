/** The proxy can't start. The message is all that a person needs: it has no stack and may have several lines. */
export class StartError extends Error {
  override readonly name = "StartError";
}
