import { type AdminHandler, OK } from "./admin-handler.ts";
import type { Control } from "./control.ts";

/** `/healthcheck/fail`, `/healthcheck/ok` and `/quitquitquit`. */
export function controlHandlers(control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/healthcheck/fail",
      access: "change",
      help: "cause the server to fail health checks",
      handle() {
        control.setHealthcheckFailing(true);
        return OK;
      },
    },
    {
      path: "/healthcheck/ok",
      access: "change",
      help: "cause the server to pass health checks",
      handle() {
        control.setHealthcheckFailing(false);
        return OK;
      },
    },
    {
      path: "/quitquitquit",
      access: "change",
      help: "exit the server",
      handle() {
        control.quit();
        return OK;
      },
    },
  ];
}
