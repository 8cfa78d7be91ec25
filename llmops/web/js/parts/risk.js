/** The risk of leaving, in words: segments, and the reasons behind a score. */

import * as format from "../format.js";
import { has, language, t } from "../i18n.js";
import { badge } from "../components/controls.js";

/** Features that the queue can be filtered by. */
export const FEATURES = [
  "contract", "tenure_months", "monthly_charge_level", "charge_change", "total_charges", "internet_service", "payment_method",
  "months_to_renewal", "paperless_billing", "online_security", "tech_support", "online_backup", "device_protection",
  "streaming_tv", "streaming_movies", "multiple_lines", "phone_service", "senior_citizen", "partner", "dependents",
];

const MONTHS = new Set(["tenure_months", "months_to_renewal"]);
const AMOUNTS = new Set(["monthly_charge_level", "charge_change", "total_charges"]);
const MOST = 60;

/** A badge such as "91,5% · alto", with the decimal that the card and the assistant tell too. */
export const riskBadge = (segment, probability) => badge(`${format.percent(probability, 1)} · ${t(`segment.${segment}`)}`, segment, { dot: true });

/** A reason in the reader's language: the service's Portuguese words, else what it is about and its value. */
export function reasonWords({ feature, value, words }) {
  if (language() === "pt-BR" || !has(`feature.${feature}`)) return words;
  const said = valueWords(feature, String(value ?? ""));
  return said ? `${t(`feature.${feature}`)}: ${said}` : t(`feature.${feature}`);
}

function valueWords(feature, value) {
  if (!value) return "";
  if (MONTHS.has(feature) && Number(value) >= 0) return t("reason.months", { count: Number(value) });
  if (AMOUNTS.has(feature) && !Number.isNaN(Number(value))) return format.money(value);
  for (const key of [`${feature}.${value}`, `reason.${feature}.${value}`, `reason.${value.toLowerCase()}`]) if (has(key)) return t(key);
  return value.slice(0, MOST);
}
