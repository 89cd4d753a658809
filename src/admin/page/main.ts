import { render } from "preact";
import { App } from "./app.ts";
import { html } from "./html.ts";
import { live } from "./live.ts";

const place = document.getElementById("app");
if (place !== null) {
  live.start();
  render(html`<${App} />`, place);
}
