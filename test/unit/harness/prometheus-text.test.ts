import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePrometheusText } from "../../harness/prometheus-text.ts";

const HISTOGRAM = `# TYPE h histogram
h_bucket{a="b",le="1"} 1
h_bucket{a="b",le="+Inf"} 2
h_sum{a="b"} 3.5
h_count{a="b"} 2
`;

describe("parsePrometheusText", () => {
  it("reads names, labels and values", () => {
    const families = parsePrometheusText(`# HELP c x\n# TYPE c counter\nc{a="b\\"\\\\,",d="e"} 1\n${HISTOGRAM}`);
    assert.deepEqual([...families.keys()], ["c", "h"]);
    const [sample] = families.get("c")!.samples;
    assert.deepEqual([sample?.value, sample?.labels.get("a"), sample?.labels.get("d")], [1, 'b\\"\\\\,', "e"]);
  });

  const bad = [
    { name: "an unfinished line", text: "# TYPE c counter\nc 1" },
    { name: "a sample without type", text: "c 1\n" },
    { name: "a sample of another family", text: "# TYPE c counter\nd 1\n" },
    { name: "a type given twice", text: "# TYPE c counter\nc 1\n# TYPE c counter\n" },
    { name: "a sample given twice", text: "# TYPE c counter\nc 1\nc 2\n" },
    { name: "a value that is none", text: "# TYPE c counter\nc one\n" },
    { name: "a quote that is not escaped", text: '# TYPE c counter\nc{a="b"c"} 1\n' },
    { name: "a label given twice", text: '# TYPE c counter\nc{a="b",a="c"} 1\n' },
    { name: "a type that is none", text: "# TYPE c count\n" },
    { name: "buckets that shrink", text: HISTOGRAM.replace('le="1"} 1', 'le="1"} 3') },
    { name: "buckets without end", text: HISTOGRAM.replace("+Inf", "5") },
    { name: "a count that differs", text: HISTOGRAM.replace('h_count{a="b"} 2', 'h_count{a="b"} 1') },
  ];
  for (const { name, text } of bad) {
    it(`refuses ${name}`, () => assert.throws(() => parsePrometheusText(text), Error));
  }
});
