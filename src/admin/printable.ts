/** A name from a configuration as it may stand in a line of text: control characters, which could forge lines, as `?`. */
export function printable(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f]/g, "?");
}

/** A text as it may stand in HTML, in an attribute too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
