"""The look of all panels: JupyterLab's own colours, light and dark, and the plain web's.

Every colour is a variable of JupyterLab's theme with a fallback that reads on white and on black.
Text is never coloured: the error and success colours are too pale for text in the light theme,
so that they only fill the mark beside a word.
"""

from __future__ import annotations

import html

from course_helpers.core.markup import clean

STYLE = """<style>
.course-panel {
  box-sizing: border-box; max-width: 62rem; padding: 16px 20px; overflow: hidden;
  border: 1px solid var(--jp-border-color2, #8886); border-radius: 6px;
  background: var(--jp-layout-color1, transparent); color: var(--jp-content-font-color1, inherit);
  font: 14px/1.5 var(--jp-content-font-family, system-ui, sans-serif);
}
.course-panel .jupyter-widgets { margin: 0; color: inherit; }
.course-panel .widget-html, .course-panel .widget-html-content {
  width: auto; height: auto; overflow: visible; font: inherit; line-height: inherit;
}
.course-panel .course-controls { flex-flow: row wrap; gap: 8px 16px; overflow: visible; }
.course-panel .course-controls .widget-text { flex: 1 1 10rem; width: auto; }
.course-panel .course-controls .widget-dropdown { flex: 2 1 16rem; width: auto; min-width: 0; }
.course-panel .course-controls select, .course-panel .course-item select {
  min-width: 0; padding-right: 24px; text-overflow: ellipsis; background-repeat: no-repeat;
  background-image: linear-gradient(45deg, transparent 50%, currentColor 50%),
    linear-gradient(-45deg, transparent 50%, currentColor 50%);
  background-position: right 13px center, right 8px center; background-size: 5px 5px;
}
.course-panel .course-controls .widget-label { width: auto; margin-right: 8px; }
.course-panel .jupyter-button { width: auto; padding: 0 14px; border-radius: 3px; }
.course-panel .jupyter-button:focus-visible, .course-panel summary:focus-visible,
.course-scroll:focus-visible {
  outline: 2px solid var(--jp-brand-color1, currentColor); outline-offset: -1px;
}
.course-panel h3, .course-panel h4 { margin: 0 0 8px; line-height: 1.3; font-weight: 600; }
.course-panel h3 { margin-bottom: 12px; font-size: 18px; }
.course-panel h4 { font-size: 15px; }
.course-panel p { margin: 8px 0; overflow-wrap: anywhere; }
.course-panel p[role=status] { margin: 12px 0 16px; color: var(--jp-content-font-color1, inherit); }
.course-panel code, .course-panel pre {
  padding: 1px 4px; border-radius: 3px; color: inherit;
  background: var(--jp-layout-color2, #8882);
  font: 13px/1.45 var(--jp-code-font-family, ui-monospace, monospace);
}
.course-panel pre { margin: 2px 0 8px; padding: 6px 8px; }
.course-panel pre, .course-panel .course-text {
  white-space: pre-wrap; overflow-wrap: anywhere; word-break: normal;
}
.course-panel table {
  width: 100%; margin: 0 0 16px; border: 0; border-collapse: collapse; font-size: 13px;
}
.course-panel caption { padding: 0 0 4px; text-align: left; caption-side: top; }
.course-panel th, .course-panel td {
  padding: 5px 12px 5px 0; border: 0; border-bottom: 1px solid var(--jp-border-color2, #8886);
  background: none; text-align: left; vertical-align: top; overflow-wrap: anywhere;
}
.course-panel td { min-width: 6.4em; }
.course-panel td:has(> .ok, > .later, > .fail) { min-width: 0; }
.course-panel th { white-space: nowrap; }
.course-panel thead th { color: var(--jp-content-font-color2, inherit); font-weight: 600; }
.course-panel tbody th { font-weight: 600; }
.course-columns {
  display: grid; gap: 24px 36px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
}
.course-columns > section { min-width: 0; }
.course-columns + section { margin-top: 20px; }
.course-scroll { /* the line at its end hides behind the other when there is no more to scroll */
  --end: var(--jp-layout-color1, Canvas); --more: var(--jp-border-color1, #888);
  max-height: 24rem; overflow: auto;
  background: linear-gradient(var(--end), var(--end)) bottom / 100% 1px no-repeat local,
    linear-gradient(var(--more), var(--more)) bottom / 100% 1px no-repeat scroll;
}
.course-scroll > p:first-child { margin-top: 0; }
.course-panel .widget-html-content:has(> .course-scroll) { min-width: 0; } /* scrolls, not grows */
.course-panel progress.course-progress {
  width: 100%; min-width: 6rem; accent-color: var(--jp-brand-color1, #1976d2);
}
.course-log { display: flex; flex-direction: column-reverse; }
.course-log pre { flex: none; margin: 0; overflow: visible; font-size: 12px; }
.course-layers { display: grid; gap: 4px; margin: 0; padding: 0; list-style: none; }
.course-layers > li {
  display: grid; grid-template-columns: minmax(4rem, 1fr) 3fr; gap: 10px; align-items: center;
}
.course-layers > li > span:last-child { overflow-wrap: anywhere; min-width: 0; }
.course-bar { display: block; height: 14px; border-radius: 2px; justify-self: end; }
.course-bar.base { background: var(--jp-border-color1, #888); }
.course-bar.engine { background: var(--jp-brand-color1, #1976d2); }
.course-bar.agent { background: var(--jp-warn-color1, #b26a00); }
.course-timeline, .course-timeline ol {
  display: flex; flex-flow: column; gap: 10px; margin: 0; padding: 0; list-style: none;
}
.course-timeline ol { flex-flow: row wrap; gap: 6px 0; }
.course-timeline li li { display: flex; align-items: flex-start; min-width: 0; }
.course-timeline li li:has(> [open]) { flex-basis: 100%; }
.course-timeline li li + li::before { content: "→"; content: "→" / ""; padding: 3px 6px; }
.course-timeline details { min-width: 0; }
.course-timeline summary, .course-timeline li > span {
  display: block; width: fit-content; padding: 2px 9px; border: 1px solid; border-radius: 3px;
  border-color: var(--jp-border-color1, #8888); font-size: 13px;
}
.course-timeline summary:hover, .course-timeline [open] > summary {
  background: var(--jp-layout-color2, #8882);
}
.course-timeline .round > span, .course-timeline .round summary { border-radius: 12px; }
.course-timeline .next > span { border-style: dashed; }
.course-timeline .failed summary { border-color: var(--jp-error-color1, #c62828); }
.course-timeline pre { margin: 6px 0; }
.course-turn { margin: 0 0 14px; padding: 0 0 0 12px; border-left: 3px solid; }
.course-turn { border-color: var(--jp-border-color2, #8886); }
.course-turn.human { border-color: var(--jp-brand-color1, #2196f3); }
.course-turn .course-text { margin: 0; }
.course-panel summary { cursor: pointer; }
.course-panel .ok::before, .course-panel .later::before, .course-panel .fail::before {
  content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 7px;
  border-radius: 50%; background: var(--jp-success-color1, #2e7d32);
}
.course-panel .later::before {
  border-radius: 1px; background: var(--jp-warn-color1, #b26a00); transform: rotate(45deg);
}
.course-panel .fail::before { border-radius: 1px; background: var(--jp-error-color1, #c62828); }
.course-panel .fail { font-weight: 700; }
.course-panel .ok, .course-panel .later, .course-panel .fail { white-space: nowrap; }
.course-panel .widget-radio { width: auto; height: auto; }
.course-panel .widget-radio-box { width: auto; height: auto; overflow: visible; }
.course-panel .widget-radio-box label {
  display: flex; flex-direction: row-reverse; justify-content: flex-end; align-items: flex-start;
  gap: 8px; width: auto; height: auto; margin: 0; padding: 3px 0; white-space: normal;
  line-height: 1.4; font-size: 14px; color: inherit;
}
.course-panel .widget-radio-box input { flex: none; height: 20px; margin: 0; }
.course-panel .course-question { margin: 0 0 16px; overflow: visible; }
.course-panel .course-question:last-child { margin: 0; }
.course-panel .course-question > .jupyter-button { align-self: flex-start; margin: 6px 0 0; }
.course-panel .course-question p[role=status] { margin: 8px 0 0; min-height: 21px; }
.course-panel > details { margin: 0 0 16px; }
.course-panel ul { margin: 4px 0 8px; padding-left: 24px; }
.course-runs, .course-axis { margin: 0; padding: 0; list-style: none; font-size: 13px; }
.course-runs > li, .course-axis {
  display: grid; gap: 0 14px;
  grid-template-columns: minmax(0, 3fr) minmax(0, 6fr) minmax(7rem, 3fr);
}
.course-runs > li { align-items: center; }
.course-runs > li > span { min-width: 0; padding: 5px 0; overflow-wrap: anywhere; }
.course-runs small, .course-key { font-size: 12px; color: var(--jp-content-font-color2, inherit); }
.course-runs small { display: block; }
.course-runs .course-mark { display: inline-block; width: 1.4em; }
.course-runs .course-mark ~ small { margin-left: 1.5em; }
.course-runs .course-track {
  --line: var(--jp-border-color2, #8884);
  position: relative; align-self: stretch; min-height: 30px; overflow: hidden;
  border-right: 1px solid var(--line);
  background: repeating-linear-gradient(90deg, var(--line) 0 1px, transparent 1px var(--step));
}
.course-track span {
  position: absolute; top: calc(50% - 9px); box-sizing: border-box; height: 18px; min-width: 3px;
}
.course-key span { display: inline-block; width: 26px; height: 12px; vertical-align: -1px; }
:is(.course-track, .course-key) .wait {
  border: 1px dashed var(--jp-border-color0, #888);
  background: repeating-linear-gradient(
    -45deg, transparent 0 5px, var(--jp-border-color1, #8886) 5px 6px
  );
}
:is(.course-track, .course-key) .ran {
  border-radius: 0 2px 2px 0; background: var(--jp-brand-color1, #1976d2);
}
.course-track .ran.success { background: var(--jp-success-color1, #2e7d32); }
.course-track .ran.interrupted { background: var(--jp-warn-color1, #b26a00); }
.course-track .ran.error, .course-track .ran.timeout {
  background: var(--jp-error-color1, #c62828);
}
.course-track .ran.rolled-back {
  border: 1px solid var(--jp-border-color0, #888);
  background: linear-gradient(currentColor, currentColor) center / 100% 1px no-repeat;
}
.course-axis > span {
  grid-column: 2; position: relative; height: 20px; font-size: 12px;
  color: var(--jp-content-font-color2, inherit);
}
.course-axis span span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.course-axis span span:first-child { transform: none; }
.course-axis span span:last-child { transform: translateX(-100%); }
.course-panel .course-store {
  display: flex; flex-flow: row wrap; gap: 16px 28px; overflow: visible;
}
.course-panel .course-store > .widget-toggle-buttons {
  display: flex; flex: 1 1 12rem; flex-flow: column; width: auto; height: auto; min-width: 0;
}
.course-panel .course-store > .widget-toggle-buttons > div {
  display: block; max-height: 24rem; overflow: hidden auto; padding: 2px; border-radius: 3px;
  border: 1px solid var(--jp-border-color1, #8888);
}
.course-panel .widget-toggle-button {
  display: block; width: 100%; margin: 0; padding: 0 8px; overflow: hidden;
  white-space: pre; text-align: left; text-overflow: ellipsis;
  background: none; box-shadow: none; color: inherit;
}
.course-panel .widget-toggle-button:hover { background: var(--jp-layout-color2, #8882); }
.course-panel .widget-toggle-button.mod-active {
  background: var(--jp-layout-color3, #8884); box-shadow: none; color: inherit; font-weight: 700;
}
.course-panel .course-store > .widget-vbox, .course-panel .course-store > section + section {
  flex: 3 1 24rem; min-width: 0; overflow: visible;
}
.course-panel .course-store > section { flex: 1 1 10rem; }
.course-panel .course-store .widget-label { width: auto; margin-right: 8px; text-align: left; }
.course-panel .course-store table { margin-bottom: 4px; }
.course-panel .course-store .course-controls { margin-top: 8px; }
.course-panel .course-item { margin-top: 16px; overflow: visible; }
.course-panel .course-item > * { width: auto; }
.course-panel .course-item .widget-textarea { flex-flow: column; height: auto; margin: 0 0 8px; }
.course-panel .course-item textarea {
  flex: none; width: 100%; height: auto;
  font: 13px/1.45 var(--jp-code-font-family, ui-monospace, monospace);
}
.course-panel > .course-columns {
  display: grid; height: auto; overflow: visible; margin: 0 0 16px;
}
.course-panel > .course-columns > * { min-width: 0; overflow: visible; }
.course-panel .course-scroll.end { display: flex; flex-direction: column-reverse; }
.course-panel .course-scroll.end > div { min-width: 0; }
.course-panel .course-live { margin: 14px 0 0; border-style: none none none dashed; }
.course-panel .course-live > span { color: var(--jp-content-font-color2, inherit); }
.course-panel .course-waits {
  margin: 0 0 12px; padding: 8px 12px; overflow: visible;
  border-left: 3px solid var(--jp-warn-color1, #b26a00);
}
.course-panel .course-controls .widget-checkbox { flex: none; width: auto; }
.course-panel .course-controls .widget-checkbox label { display: flex; align-items: center; }
.course-panel .course-controls .widget-checkbox input { margin-top: 0; }
.course-panel > .course-columns ~ .course-controls { margin: 0 0 20px; }
.course-panel > .course-columns ~ .course-controls:last-child { margin: 16px 0 0; }
.course-panel .course-waits .course-controls { margin: 8px 0 0; }
.course-panel .course-columns .course-controls { margin: 10px 0 0; }
</style>"""


def page(markup: str) -> str:
    """Return a self-contained page part for where no widget runs, as on the web."""
    return f'{STYLE}<div class="course-panel">{clean(markup)}</div>'


def status(sentence: str, fix: str = "") -> str:
    """Return a sentence that screen readers announce, with what to do about it."""
    remedy = f"<br>Fix: <code>{html.escape(fix)}</code>" if fix else ""
    return clean(f'<p role="status">{html.escape(sentence)}{remedy}</p>')
