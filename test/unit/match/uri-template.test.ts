import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Regex } from "../../../src/match/regex.ts";
import { parseUriTemplate } from "../../../src/match/uri-template.ts";
import { cpuTimeMs } from "../../harness/cpu-time.ts";

function matches(template: string, path: string): boolean {
  const { regex, problem } = parseUriTemplate(template);
  if (regex === undefined) throw new Error(problem);
  return new Regex(regex).matches(path);
}

describe("A template of paths", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["/", ["/"], ["", "/a"]],
    ["/a.b/c", ["/a.b/c"], ["/axb/c", "/a.b/c/", "/a.b"]],
    ["/a/", ["/a/"], ["/a"]],
    ["/a/*", ["/a/b", "/a/b%20c"], ["/a/", "/a", "/a/b/c"]],
    ["/a/**", ["/a/", "/a/b", "/a/b/c"], ["/a", "/ab"]],
    ["/videos/*/*/*.m4s", ["/videos/123414/hls/1080p_01.m4s"], ["/videos/1/hls/1080p.m4sx", "/videos/hls/a.m4s"]],
    ["/**.mpd", ["/content/123/manifest.mpd"], ["/content/123/manifest.mpdx"]],
    ["/videos/{file}", ["/videos/a.m4s"], ["/videos/a/b.m4s"]],
    ["/{one=*}/{two}", ["/cat/dog"], ["/cat"]],
    ["/videos/{language=lang/*}/*", ["/videos/lang/en/video.m4s"], ["/videos/en/video.m4s"]],
    ["/{all=**}", ["/", "/a/b"], ["a"]],
    ["/content/{id}/{file}.vtt", ["/content/1/en.vtt"], ["/content/1/en.vt", "/content/1/2/en.vtt"]],
    ["/a$b(c)+d", ["/a$b(c)+d"], ["/a$bc+d"]],
  ];
  for (const [template, good, bad] of cases) {
    it(`matches whole paths: ${template}`, () => {
      for (const path of good) assert.equal(matches(template, path), true, path);
      for (const path of bad) assert.equal(matches(template, path), false, path);
    });
  }

  it("stays fast on long paths", () => {
    const path = `/${"a/".repeat(50_000)}`;
    const tookMs = cpuTimeMs(() => assert.equal(matches("/{a}/{b}/{c}/**.x", path), false));
    assert.ok(tookMs < 5000, `${tookMs} ms`);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /must begin with/],
    ["a/b", /must begin with/],
    ["/a b", /must begin with/],
    ["/a//b", /no part of a path/],
    ["/a=b", /no part of a path|must be the end|behind/],
    ["/{a", /has no \}/],
    ["/{}", /no name/],
    ["/{1a}", /no name/],
    ["/{abcdefghijklmnopq}", /no name/],
    ["/{a}/{a}", /twice/],
    ["/{a}/{b}/{c}/{d}/{e}/{f}", /more than 5/],
    ["/**/*", /nothing but text/],
    ["/**/{a}", /nothing but text/],
    ["/{a=**/*}", /nothing but text/],
    ["/{a=}", /no part of a path/],
    ["/{a=b/}", /no part of a path/],
    ["/{a=*b}", /whole segments/],
    ["/*.a/b", /must be the end/],
    ["/***", /no part of a path/],
  ];
  for (const [template, problem] of wrong) {
    it(`says what is wrong with ${JSON.stringify(template)}`, () => {
      assert.match(parseUriTemplate(template).problem ?? "nothing", problem);
    });
  }
});
