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

/** A badge such as "91 % alto". */
export const riskBadge = (segment, probability) => badge(`${format.percent(probability)} · ${t(`segment.${segment}`)}`, segment, { dot: true });

/** A reason in the reader's language: the service's Portuguese words, else the name of what it is about. */
export function reasonWords({ feature, words }) {
  return language() !== "pt-BR" && has(`feature.${feature}`) ? t(`feature.${feature}`) : words;
}
