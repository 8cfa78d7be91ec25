/** Small charts in SVG, drawn to the width that they have, each with its figures as a hidden table. */

import { h, s } from "../dom.js";

const TONES = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-quiet"];
const SIDE = 44, FOOT = 20, HEAD = 16;
/** The colour of a series, as CSS. */
export const tone = (place) => `var(${TONES[place % TONES.length]})`;

/**
 * Bars. `items`: `{ label, value, text, tone }`: `text` is what stands above, `tone` a CSS colour.
 * `label` says what the chart shows; `columns` heads the hidden table.
 */
export function bars({ label, items, height = 120, columns = ["", ""] }) {
  const most = Math.max(...items.map((item) => item.value), 0) || 1;
  const rows = items.map((item) => [item.label, item.text ?? item.value]);
  return figure({ label, height, columns, rows }, (width) => {
    const step = width / items.length, thick = Math.min(step * 0.56, 36);
    const every = Math.ceil(34 / step);
    return [
      s("line.axis", { x1: 0, x2: width, y1: height - FOOT, y2: height - FOOT }),
      items.map((item, place) => {
        const tall = Math.max(((height - FOOT - HEAD) * item.value) / most, item.value > 0 ? 2 : 0);
        const x = step * place + step / 2, top = height - FOOT - tall;
        return [
          s("rect", { x: x - thick / 2, y: top, width: thick, height: tall, rx: Math.min(3, tall / 2), fill: item.tone ?? tone(0) }),
          item.text && step > 40 && s("text.value", { x, y: top - 6, "text-anchor": "middle" }, item.text),
          place % every === 0 && s("text", { x, y: height - 5, "text-anchor": "middle" }, item.label),
        ];
      }),
    ];
  });
}

/**
 * Lines over common points. `points` are the labels of the x axis; `series`: `{ name, values, tone, dashed }`, with
 * null for gaps. `show(value)` writes a value; `from` and `to` are bounds of the y axis, else those of the data;
 * `limits`: `{ value, name }` are drawn across.
 */
export function lines({ label, points, series, height = 200, show = String, from = null, to = null, limits = [] }) {
  const all = [...series.flatMap((one) => one.values), ...limits.map((limit) => limit.value)].filter((value) => value !== null);
  const low = from ?? Math.min(...all), high = Math.max(to ?? Math.max(...all), low + 1e-9);
  const rows = points.map((point, place) => [point, ...series.map((one) => (one.values[place] === null ? "–" : show(one.values[place])))]);
  const node = figure({ label, height, columns: ["", ...series.map((one) => one.name)], rows }, (width) => {
    const wide = width - SIDE - 8, tall = height - FOOT - HEAD / 2;
    const x = (place) => SIDE + (points.length > 1 ? (wide * place) / (points.length - 1) : wide / 2);
    const y = (value) => HEAD / 2 + tall * (1 - (value - low) / (high - low));
    const every = Math.max(1, Math.ceil((points.length * 64) / wide));
    return [
      ticks(low, high).map((value) => [
        s("line.grid", { x1: SIDE, x2: width, y1: y(value), y2: y(value) }),
        s("text", { x: SIDE - 8, y: y(value) + 4, "text-anchor": "end" }, show(value)),
      ]),
      limits.map((limit) => s("line", { x1: SIDE, x2: width, y1: y(limit.value), y2: y(limit.value), stroke: "var(--medium)", "stroke-dasharray": "4 4" }, s("title", limit.name))),
      points.map((point, place) => place % every === 0 && s("text", { x: x(place), y: height - 4, "text-anchor": "middle" }, point)),
      series.map((one, order) => [
        s("path.series", { d: path(one.values, x, y), stroke: one.tone ?? tone(order), "stroke-dasharray": one.dashed ? "5 4" : null }),
        one.values.length < 40 && one.values.map((value, place) => value !== null && s("circle", { cx: x(place), cy: y(value), r: 2.5, fill: one.tone ?? tone(order) })),
      ]),
    ];
  });
  if (series.length > 1) node.append(legend(series));
  return node;
}

/** Horizontal bars with their words beside them: `items` as for `bars`, values from 0 up. */
export function rankedBars({ label, items, columns = ["", ""] }) {
  const most = Math.max(...items.map((item) => Math.abs(item.value)), 0) || 1;
  return h("div.stack", { role: "group", "aria-label": label, "data-columns": columns.join("|") }, items.map((item) =>
    h("div.stack", { style: { gap: "0.25rem" } },
      h("div.row.tight.small", h("span.grow.wrap", item.label), h("span.number.muted", item.text ?? item.value)),
      h("div.meter", { style: { "--share": `${(100 * Math.abs(item.value)) / most}%`, color: item.tone ?? tone(0) } }, h("i")))));
}

/** Which colour is which series. */
export const legend = (series) =>
  h("div.legend", { "aria-hidden": "true" }, series.map((one, order) => h("span", h("i", { style: { background: one.tone ?? tone(order) } }), one.name)));

/** Round values between two bounds, about four of them. */
export function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, place) => Number(((first + place) * step).toPrecision(12)));
}

function path(values, x, y) {
  let pen = "M";
  return values.map((value, place) => {
    if (value === null) { pen = "M"; return ""; }
    const step = `${pen}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
    return step;
  }).join("");
}

/** The frame: an SVG of fixed height that is drawn again when its width changes. */
function figure({ label, height, columns, rows }, draw) {
  const svg = s("svg", { height, role: "img", "aria-label": label });
  const node = h("figure.chart", svg, h("table.sr-only", h("caption", label),
    h("thead", h("tr", columns.map((name) => h("th", { scope: "col" }, name || label)))),
    h("tbody", rows.map((row) => h("tr", row.map((value) => h("td", value)))))));
  let last = 0;
  new ResizeObserver(([{ contentRect }]) => {
    const width = Math.floor(contentRect.width);
    if (!width || width === last) return;
    last = width;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(...draw(width).flat(Infinity).filter(Boolean));
  }).observe(node);
  return node;
}
