import type { DescField } from "@bufbuild/protobuf";
import { BOOTSTRAP_SUPPORT } from "./bootstrap/bootstrap-support.ts";
import type { CompilerTable } from "./compiler/compiler-table.ts";
import type { ExtensionConfig } from "./extension-config.ts";
import type { FieldSupport, MessageSupport } from "./field-support.ts";

const INTRODUCTION = `# Supported configuration

<!-- Generated from the support tables in the code; \`npm run docs\` writes it anew. -->

Troupe reads Envoy's v3 bootstrap. This page lists every message and field that Troupe knows what to do with. **A field that is set but
not supported is an error**, which names file, line, path and field; \`--allow-unsupported\` turns these errors into warnings, and the
fields then have no effect. Messages and extensions that are not on this page are not supported.

- **yes**: works as Envoy documents it; if the field holds a message, that message's own table says which of its fields do.
- **partly**: only with the values in the note.
- **no effect**: accepted, because leaving it out would change nothing; the note says why.
- **no**: refused.
`;

/** The page docs/config-support.md: all support tables of a compiler, in Markdown. */
export function supportPage(table: CompilerTable): string {
  const parts = [
    INTRODUCTION,
    "## Extensions\n",
    extensionTable(table.extensions),
    section("Bootstrap", BOOTSTRAP_SUPPORT),
    section("Listeners", table.listener.support),
    section("Clusters", table.cluster.support),
    ...[...table.extensions]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((extension) => section(`Extension ${extension.name}`, extension.support)),
    section("Shared messages", table.support),
  ];
  return parts.join("\n");
}

function extensionTable(extensions: readonly ExtensionConfig[]): string {
  const rows = extensions
    .flatMap((extension) => extension.categories.map((category) => ({ category, extension })))
    .map(({ category, extension }) => {
      const types = [extension.schema.typeName, extension.routeSchema?.typeName ?? ""].filter((name) => name !== "");
      return `| ${category} | ${extension.name} | ${types.map((name) => `\`${name}\``).join("<br>per route: ")} |\n`;
    })
    .sort();
  return `| Category | Extension | Type |\n| --- | --- | --- |\n${rows.join("")}`;
}

function section(title: string, tables: readonly MessageSupport[]): string {
  const all = withNested(tables);
  return all.length === 0 ? "" : `## ${title}\n\n${all.map(messageTable).join("\n")}`;
}

/** The tables with those that hold below single fields; each message type once. */
function withNested(tables: readonly MessageSupport[]): MessageSupport[] {
  const found = new Map<string, MessageSupport>();
  const visit = (table: MessageSupport): void => {
    if (found.has(table.schema.typeName)) return;
    found.set(table.schema.typeName, table);
    for (const support of table.fields.values()) {
      if (support.type === "within") for (const nested of support.tables) visit(nested);
    }
  };
  for (const table of tables) visit(table);
  return [...found.values()];
}

function messageTable(table: MessageSupport): string {
  const fields = table.schema.fields.filter(({ name }) => !name.startsWith("hidden_envoy_deprecated"));
  const heading = `### \`${table.schema.typeName}\`\n\n`;
  if (fields.length === 0) return `${heading}Has no fields.\n`;
  if (fields.every((field) => isWhole(table.fields.get(field.name)))) return `${heading}Every field is supported.\n`;
  const rows = fields.map((field) => fieldRow(field, table.fields.get(field.name)));
  return `${heading}| Field | Supported | Notes |\n| --- | --- | --- |\n${rows.join("")}`;
}

function isWhole(support: FieldSupport | undefined): boolean {
  return support?.type === "yes" || support?.type === "within";
}

function fieldRow(field: DescField, support: FieldSupport | undefined): string {
  const deprecated = field.deprecated ? "deprecated by Envoy" : "";
  const [word, note] = describe(support);
  const notes = [note, deprecated].filter((text) => text !== "").join("; ");
  return `| \`${field.name}\` | ${word} | ${notes.replaceAll("|", "\\|")} |\n`;
}

function describe(support: FieldSupport | undefined): [word: string, note: string] {
  switch (support?.type) {
    case "yes":
    case "within":
      return ["yes", ""];
    case "only":
      return ["partly", `only ${support.values.map((value) => `\`${value}\``).join(", ")}`];
    case "opaque":
      return ["yes", support.note];
    case "noEffect":
      return ["no effect", support.reason];
    default:
      return ["no", [support?.reason ?? "", support?.hint ?? ""].filter((text) => text !== "").join("; ")];
  }
}
