import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigurationCompiler } from "../../../src/config/compiler/configuration-compiler.ts";
import { loadLateCompilerTable } from "../../../src/extensions/compiler-table.ts";
import type { ExtensionEntry } from "../../../src/extensions/extension-entry.ts";
import { OTHER_EXTENSIONS } from "../../../src/extensions/settings-table.ts";
import {
  ACCESS_LOGGERS,
  HTTP_FILTERS,
  LISTENER_FILTERS,
  NETWORK_FILTERS,
  TRACERS,
  TRANSPORT_SOCKETS,
  UDP_LISTENER_FILTERS,
} from "../../../src/extensions/table.ts";

const ENTRIES: readonly ExtensionEntry[] = [
  ...HTTP_FILTERS,
  ...LISTENER_FILTERS,
  ...UDP_LISTENER_FILTERS,
  ...NETWORK_FILTERS,
  ...ACCESS_LOGGERS,
  ...TRANSPORT_SOCKETS,
  ...TRACERS,
  ...OTHER_EXTENSIONS,
];

describe("The table of extensions", () => {
  it("names each extension and its types as its configuration does", async () => {
    for (const { name, types, config } of ENTRIES) {
      const { name: own, schema, routeSchema } = await config();
      const named = new Set([schema.typeName, ...(routeSchema === undefined ? [] : [routeSchema.typeName])]);
      assert.deepEqual([name, types], [own, [...named]], `types of ${name}`);
    }
  });
});

const listener = (filters: string): string => `
static_resources:
  listeners:
  - name: in
    address: { socket_address: { address: 127.0.0.1, port_value: 1 } }
    filter_chains: [{ filters: [${filters}] }]
`;

describe("An extension that is not loaded yet", () => {
  async function extensionsOf(content: string): Promise<readonly string[]> {
    const compiler = new ConfigurationCompiler(await loadLateCompilerTable());
    const outcome = await compiler.compileLoading({ texts: [{ file: "a.yaml", content }] });
    assert.deepEqual(outcome.problems, []);
    return outcome.ok ? outcome.extensions : [];
  }

  it("is loaded for its type", async () => {
    const echo =
      '{ name: e, typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo } }';
    assert.deepEqual(await extensionsOf(listener(echo)), ["envoy.filters.network.echo"]);
  });

  it("is loaded for its type in letters that only a parser reads", async () => {
    const echo =
      '{ name: e, typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.network.\\u0065cho.v3.Echo" } }';
    assert.deepEqual(await extensionsOf(listener(echo)), ["envoy.filters.network.echo"]);
  });

  it("is loaded for its name alone", async () => {
    assert.deepEqual(await extensionsOf(listener("{ name: envoy.filters.network.echo }")), [
      "envoy.filters.network.echo",
    ]);
  });

  it("is loaded once, also by a later configuration", async () => {
    const compiler = new ConfigurationCompiler(await loadLateCompilerTable());
    for (const filter of ["echo", "sni_cluster", "echo"]) {
      const last = filter === "echo" ? "" : ", { name: envoy.filters.network.echo }";
      const content = listener(`{ name: envoy.filters.network.${filter} }${last}`);
      const outcome = await compiler.compileLoading({ texts: [{ file: "a.yaml", content }] });
      assert.deepEqual(outcome.problems, []);
    }
  });
});
