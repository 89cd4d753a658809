import { type AdminHandler, jsonResponse } from "./admin-handler.ts";
import type { RuntimeView } from "./views.ts";

/** `/runtime`: the layers of runtime values, and what comes of each. */
export function runtimeHandler(view: RuntimeView): AdminHandler {
  return {
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
  };
}
