/**
 * Errors of node:http about framing fields. If it has accepted the head before, the field is a trailer: there we drop it
 * instead and serve (row 14).
 */
export const NODE_FRAMING_FIELD_ERRORS: ReadonlySet<string> = new Set([
  "HPE_INVALID_CONTENT_LENGTH",
  "HPE_INVALID_TRANSFER_ENCODING",
  "HPE_UNEXPECTED_CONTENT_LENGTH",
]);
