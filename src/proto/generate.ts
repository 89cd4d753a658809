/**
 * Generates the Envoy types into `src/proto/gen`, which is not committed. The sources are the .proto files that the npm
 * package @grpc/grpc-js-xds carries, and those in `src/proto/own`; nothing is fetched. Does nothing when the result
 * is up to date (`gen/stamp.txt`). Run by the npm scripts `generate` and `prepare`.
 *
 * `--copy-to <folder>` copies the generated JavaScript there afterwards, for the published package.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { addNewerFields, DROPPED_RULES, NEWER_FIELDS } from "./newer-fields.ts";

const require = createRequire(import.meta.url);
const protoFolder = import.meta.dirname;
const genFolder = join(protoFolder, "gen");
const stampFile = join(genFolder, "stamp.txt");

/** Folder of an installed package. */
function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** Changes whenever the generated files would. */
function inputHash(): string {
  const hash = createHash("sha256");
  for (const name of ["@grpc/grpc-js-xds", "@bufbuild/protoc-gen-es", "@bufbuild/buf"]) {
    const manifest = JSON.parse(readFileSync(join(packageFolder(name), "package.json"), "utf8")) as { version: string };
    hash.update(`${name}@${manifest.version}\n`);
  }
  hash.update(readFileSync(import.meta.filename)).update(readFileSync(join(protoFolder, "newer-fields.ts")));
  for (const file of globSync("own/**/*.proto", { cwd: protoFolder }).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(protoFolder, file)));
  }
  return hash.digest("hex");
}

/** Brings all .proto files under one root, patched where they do not fit together. */
function collectProtos(target: string): void {
  const deps = join(packageFolder("@grpc/grpc-js-xds"), "deps");
  cpSync(join(deps, "envoy-api/envoy"), join(target, "envoy"), { recursive: true });
  cpSync(join(deps, "xds/xds"), join(target, "xds"), { recursive: true });
  cpSync(join(deps, "xds/udpa"), join(target, "udpa"), { recursive: true });
  cpSync(join(deps, "googleapis/google"), join(target, "google"), { recursive: true });
  cpSync(join(deps, "protoc-gen-validate/validate"), join(target, "validate"), { recursive: true });
  cpSync(join(protoFolder, "own"), target, { recursive: true });
  const validate = join(target, "validate/validate.proto");
  const text = readFileSync(validate, "utf8");
  // Newer Envoy protos use this rule of strings; the validate.proto beside them is too old to know it.
  if (!text.includes("ignore_empty")) {
    writeFileSync(validate, text.replace(/optional bool strict = 25.*;/, "$& optional bool ignore_empty = 26;"));
  }
}

/** Brings Envoy's messages to where newer Envoys have them. */
function addFields(root: string): void {
  for (const newer of NEWER_FIELDS) {
    const path = join(root, newer.file);
    writeFileSync(path, addNewerFields(readFileSync(path, "utf8"), newer));
  }
  for (const { file, field, rule } of DROPPED_RULES) {
    const path = join(root, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(`${field}${rule};`, `${field};`));
  }
}

/** The v3 files (and our own) whose imports are all there; the package leaves out a few vendors' protos. */
function usableProtos(root: string): string[] {
  const known = new Map<string, boolean>();
  const usable = (file: string): boolean => {
    if (file.startsWith("google/protobuf/")) return true;
    const before = known.get(file);
    if (before !== undefined) return before;
    const path = join(root, file);
    if (!existsSync(path)) return false;
    known.set(file, true);
    const imports = readFileSync(path, "utf8").matchAll(/^import (?:public |weak )?"([^"]+)"/gm);
    const result = [...imports].every((match) => usable(match[1]!));
    known.set(file, result);
    return result;
  };
  return globSync(["envoy/**/v3/*.proto", "xds/**/v3/*.proto", "udpa/type/**/*.proto", "troupe/**/*.proto"], {
    cwd: root,
  })
    .sort()
    .filter(usable);
}

/** Which module holds which messages, so that a type URL loads only the module it needs. */
function typeTable(image: string): string {
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(image));
  const rows = set.file
    .filter((file) => file.messageType.length > 0 && !file.name.startsWith("google/protobuf/"))
    .map((file) => {
      const names = file.messageType.map((message) => message.name).join(" ");
      return `  ["./${file.name.replace(/\.proto$/, "_pb.js")}", "${file.package}", "${names}"],\n`;
    });
  return `// Generated: module, package, names of its top-level messages.\nexport const typeTable = [\n${rows.join("")}];\n`;
}

const TYPE_TABLE_DECLARATION =
  "export declare const typeTable: readonly (readonly [module: string, packageName: string, messages: string])[];\n";

function generate(stamp: string): void {
  const work = join(protoFolder, `../../.cache/proto-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  try {
    const protos = join(work, "protos");
    mkdirSync(protos, { recursive: true });
    collectProtos(protos);
    addFields(protos);
    writeFileSync(join(work, "buf.yaml"), "version: v2\nmodules:\n  - path: protos\n");
    const plugin = [process.execPath, join(packageFolder("@bufbuild/protoc-gen-es"), "bin/protoc-gen-es")];
    const template = {
      version: "v2",
      plugins: [
        // `strategy: all` runs the plugin once and not once for each folder: 1 s instead of 35 s.
        {
          local: plugin,
          out: "gen",
          strategy: "all",
          include_imports: true,
          opt: ["target=js+dts", "import_extension=js"],
        },
      ],
    };
    writeFileSync(join(work, "buf.gen.yaml"), JSON.stringify(template));
    const buf = (args: readonly string[]): void => {
      const bin = join(packageFolder("@bufbuild/buf"), "bin/buf");
      const env = { ...process.env, BUF_CACHE_DIR: join(work, "cache") };
      const { status } = spawnSync(process.execPath, [bin, ...args], {
        cwd: work,
        env,
        stdio: ["ignore", "ignore", 2],
      });
      if (status !== 0) throw new Error(`buf ${args[0]} failed`);
    };
    buf(["build", "-o", "image.binpb", ...usableProtos(protos).flatMap((file) => ["--path", `protos/${file}`])]);
    buf(["generate", "image.binpb", "--template", "buf.gen.yaml"]);
    writeFileSync(join(work, "gen/type-table.js"), typeTable(join(work, "image.binpb")));
    writeFileSync(join(work, "gen/type-table.d.ts"), TYPE_TABLE_DECLARATION);
    writeFileSync(join(work, "gen/stamp.txt"), stamp);
    // Moved into place whole, so that a process that runs meanwhile never sees half of it.
    if (existsSync(genFolder)) renameSync(genFolder, join(work, "old"));
    renameSync(join(work, "gen"), genFolder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const stamp = inputHash();
if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) generate(stamp);

const copyAt = process.argv.indexOf("--copy-to");
if (copyAt !== -1) {
  const wanted = (path: string): boolean => !/\.(d\.ts|txt)$/.test(path);
  cpSync(genFolder, process.argv[copyAt + 1] ?? "", { recursive: true, filter: wanted });
}
