import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ConfigurationCompiler } from "../../../../src/config/compiler/configuration-compiler.ts";
import { problemText } from "../../../../src/config/config-problem.ts";
import { sampleTable } from "../sample-compiler-table.ts";

interface Compiled {
  readonly layers: readonly string[][] | undefined;
  readonly problems: readonly string[];
  readonly files: readonly string[];
}

/** The layers, each with its name, kind and `key=text` of its entries, and what is wrong. */
function compile(content: string): Compiled {
  const outcome = new ConfigurationCompiler(sampleTable).compile({ texts: [{ file: "a.yaml", content }] });
  return {
    layers: outcome.ok
      ? outcome.bootstrap.runtime.map(({ name, kind, entries }) => [
          `${name} ${kind}`,
          ...entries.map(([key, { text }]) => `${key}=${text}`),
        ])
      : undefined,
    problems: outcome.problems.map(problemText),
    files: outcome.files.map(({ path }) => path),
  };
}

describe("layered_runtime", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "troupe-runtime-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("joins the keys of nested maps with dots, and takes a share as one value", () => {
    const { layers } = compile(`
layered_runtime:
  layers:
  - name: base
    static_layer:
      a: {b: {c: 1}, d: true}
      e.f: text
      g: {numerator: 5, denominator: MILLION}
`);
    assert.deepEqual(layers, [
      ["base static", "a.b.c=1", "a.d=true", "e.f=text", 'g={"numerator":5,"denominator":"MILLION"}'],
    ]);
  });

  it("has no layer when absent, and an admin layer without a name when empty", () => {
    assert.deepEqual(compile("static_resources: {}").layers, []);
    assert.deepEqual(compile("layered_runtime: {}").layers, [[" admin"]]);
  });

  it("refuses lists and null as values, layers named alike and a second admin layer, each where it stands", () => {
    const { problems } = compile(`
layered_runtime:
  layers:
  - name: a
    static_layer: {k: {l: [1]}}
  - name: a
    admin_layer: {}
  - name: c
    admin_layer: {}
`);
    assert.deepEqual(problems, [
      "a.yaml:5:24: layered_runtime.layers[0].static_layer.k.l: Invalid runtime entry value for k.l (a number, a text, true or false, or a map of keys)",
      'a.yaml:6:5: layered_runtime.layers[1].name: duplicate layer name "a"',
      "a.yaml:9:5: layered_runtime.layers[2].admin_layer: there can be only one admin layer",
    ]);
  });

  it("refuses RTDS by name, and warns of built-in keys that are not read", () => {
    assert.match(
      compile("layered_runtime: {layers: [{name: r, rtds_layer: {name: x, rtds_config: {ads: {}}}}]}").problems[0]!,
      /layers\[0\]\.rtds_layer: rtds_layer is not supported yet/,
    );
    const { layers, problems } = compile(
      "layered_runtime: {layers: [{name: s, static_layer: {envoy.reloadable_features.x: true}}]}",
    );
    assert.equal(layers?.length, 1);
    assert.match(problems[0]!, /the runtime key envoy\.reloadable_features\.x has no effect/);
  });

  it("reads a disk layer: paths are keys, comments are left out, the folder behind the link is watched", () => {
    mkdirSync(join(folder, "v1", "troupe", "fault", "http"), { recursive: true });
    writeFileSync(join(folder, "v1", "troupe", "fault", "http", "percent"), "# why\n12 \n\n");
    symlinkSync("v1", join(folder, "current"));
    const { layers, files } = compile(
      `layered_runtime: {layers: [{name: d, disk_layer: {symlink_root: ${folder}/current, subdirectory: troupe}}]}`,
    );
    assert.deepEqual(layers, [["d disk", "fault.http.percent=12"]]);
    assert.deepEqual(files, [`${folder}/current`]);
  });

  it("takes the disk layer of the service cluster, and nothing from a folder that is not there", () => {
    mkdirSync(join(folder, "front"));
    writeFileSync(join(folder, "front", "k"), "1");
    const text = (cluster: string): string =>
      `node: {cluster: ${cluster}}\nlayered_runtime: {layers: [{name: d, disk_layer: {symlink_root: ${folder}, append_service_cluster: true}}]}`;
    assert.deepEqual(compile(text("front")).layers, [["d disk", "k=1"]]);
    assert.deepEqual(compile(text("back")).layers, [["d disk"]]);
  });

  it("refuses a disk layer that can't be read", () => {
    symlinkSync("nowhere", join(folder, "k"));
    const { problems } = compile(`layered_runtime: {layers: [{name: d, disk_layer: {symlink_root: ${folder}}}]}`);
    assert.match(problems[0]!, /layers\[0\]\.disk_layer: can't read the layer: .*k: a dangling link/);
  });
});
