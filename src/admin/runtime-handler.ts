import { type AdminHandler, jsonResponse, OK, textResponse } from "./admin-handler.ts";
import type { RuntimeView } from "./views.ts";

/** `/runtime`, the layers of runtime values and what comes of each, and `/runtime_modify`. */
export function runtimeHandlers(view: RuntimeView): readonly AdminHandler[] {
  return [
    {
      path: "/runtime",
      access: "read",
      help: "print runtime values",
      handle() {
        const layers = view.layers();
        const keys = [...new Set(layers.flatMap(({ values }) => [...values.keys()]))].sort();
        const entries = keys.map((key) => {
          const layerValues = layers.map(({ values }) => values.get(key) ?? "");
          return [key, { final_value: layerValues.findLast((value) => value !== "") ?? "", layer_values: layerValues }];
        });
        return jsonResponse(200, { layers: layers.map(({ name }) => name), entries: Object.fromEntries(entries) });
      },
    },
    {
      path: "/runtime_modify",
      access: "change",
      help: "Adds or modifies runtime values as passed in query parameters. To delete a previously added key, use an empty string as the value.",
      handle({ params }) {
        if (params.size === 0) return textResponse(400, "usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN\n");
        return view.modify(new Map(params)) ? OK : textResponse(503, "No admin layer specified");
      },
    },
  ];
}
