/** What a customer's lines are called: the service, numbered where there are several of it. */

import { t } from "../i18n.js";

/** A Map from each line to its name. */
export function lineNames(lines) {
  const counts = new Map();
  const places = lines.map((line) => {
    counts.set(line.service, (counts.get(line.service) ?? 0) + 1);
    return counts.get(line.service);
  });
  return new Map(lines.map((line, order) => {
    const service = t(`service.${line.service}`);
    return [line, counts.get(line.service) > 1 ? t("service.numbered", { service, number: places[order] }) : service];
  }));
}
