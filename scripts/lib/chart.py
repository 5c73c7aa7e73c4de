# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of numbers as SVG: lines over a linear or logarithmic axis, and bars.

Python's standard library only. The same numbers give the same bytes. Colours follow the reader's light or
dark theme by a media query; programs that know none get the light ones. Series differ in their marks too,
not in colour alone.

    import chart
    svg = chart.lines("Cost of a packet", {"in2out": [(1000, 20), (1000000, 41)]},
                      x="mappings", y="ns/packet", log_x=True)
    svg = chart.bars("Features", [("none", [20.1]), ("filter", [22.4])], unit="ns/packet")
"""
import math
from xml.sax.saxutils import escape

WIDTH, FONT = 720, 12
LEFT, RIGHT, TOP, PLOT_HEIGHT, X_ROOM, LEGEND_LINE = 64, 24, 40, 260, 44, 18
BAR, BAR_GAP, GROUP_GAP = 13, 2, 9
CHAR = 7  # width of a character of FONT, for the room that labels need

# Okabe and Ito's colours that can be told apart by all, darker on light and lighter on dark ground.
LIGHT = ("#0062a3", "#b34700", "#00795a", "#a1367a", "#8a6a00", "#4d4d4d")
DARK = ("#56b4e9", "#ff9b5c", "#3fd0a4", "#ee8fc8", "#e6c229", "#c0c0c0")
MAX_SERIES = len(LIGHT)


def _style():
    def theme(ground, ink, grid, colours):
        return (f".g{{fill:{ground}}}text{{fill:{ink}}}.a{{stroke:{ink}}}.r{{stroke:{grid}}}" +
                "".join(f".s{i}{{stroke:{c}}}.f{i}{{fill:{c};stroke:{c}}}" for i, c in enumerate(colours)))
    return ("<style>"
            f"text{{font:{FONT}px system-ui,'DejaVu Sans',sans-serif}}.t{{font-size:15px;font-weight:600}}"
            ".a,.r{fill:none;stroke-width:1}.l{fill:none;stroke-width:2}.d{stroke-dasharray:6 4}" +
            theme("#ffffff", "#24292f", "#d8dee4", LIGHT) +
            "@media(prefers-color-scheme:dark){" + theme("#0d1117", "#e6edf3", "#30363d", DARK) + "}"
            "</style>")


def number(x):
    """1000000 → "1 M": as labels of axes have it."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(x) >= limit:
            return f"{x / limit:.6g}{unit}"
    return f"{x:.4g}"


def _n(x):
    return f"{x:.1f}".removesuffix(".0")


def _text(x, y, text, anchor="start", extra=""):
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def _line(kind, x1, y1, x2, y2):
    return f'<path class="{kind}" d="M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}"/>'


def _mark(series, x, y):
    i, r = series % MAX_SERIES, 4
    shapes = (f"M{_n(x - r)} {_n(y)}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0z",
              f"M{_n(x - r)} {_n(y - r)}h{2 * r}v{2 * r}h{-2 * r}z",
              f"M{_n(x)} {_n(y - r - 1)}l{r + 1} {2 * r}h{-2 * r - 2}z",
              f"M{_n(x)} {_n(y - r - 1)}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}z",
              f"M{_n(x)} {_n(y + r + 1)}l{r + 1} {-2 * r}h{-2 * r - 2}z",
              f"M{_n(x - r)} {_n(y - r / 2)}h{2 * r}v{r}h{-2 * r}z")
    return f'<path class="f{i}" d="{shapes[i]}"/>'


def _document(height, title, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}" '
            f'height="{_n(height)}" role="img">\n<title>{escape(title)}</title>\n{_style()}\n'
            f'<rect class="g" width="{WIDTH}" height="{_n(height)}"/>\n' + "\n".join(body) + "\n</svg>\n")


def _nice_step(span, about):
    """1, 2 or 5 times a power of ten, so that span has about so many steps."""
    raw = span / about
    power = 10 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)


class _Axis:
    """From values to pixels, with its ticks."""

    def __init__(self, values, ends, log, from_zero):
        self.log, self.begin, self.end = log, *ends
        low, high = min(values), max(values)
        if log:
            self.low, self.high = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
            self.high = max(self.high, self.low + 1)
            self.ticks = [10.0 ** e for e in range(self.low, self.high + 1)]
            return
        low = min(low, 0) if from_zero else low
        high = high if high > low else low + 1
        step = _nice_step(high - low, 6)
        self.low, self.high = math.floor(low / step) * step, math.ceil(high / step - 1e-9) * step
        steps = round((self.high - self.low) / step)
        self.ticks = [self.low + i * step for i in range(steps + 1)]

    def at(self, value):
        where = math.log10(value) if self.log else value
        return self.begin + (where - self.low) / (self.high - self.low) * (self.end - self.begin)


def _legend(names, top, dashed=()):
    """(body, height): in as many lines as they need. One series needs none."""
    if len(names) < 2:
        return [], 0
    body, x, y = [], LEFT, top + 12
    for i, name in enumerate(names):
        wide = 34 + CHAR * len(name) + 16
        if x + wide > WIDTH - RIGHT and x > LEFT:
            x, y = LEFT, y + LEGEND_LINE
        body += [_line(f"l s{i}" + (" d" if name in dashed else ""), x, y - 4, x + 26, y - 4),
                 _mark(i, x + 13, y - 4), _text(x + 34, y, name)]
        x += wide
    return body, y + 12 - top


def lines(title, series, x, y, log_x=False, log_y=False, dashed=()):
    """series: {name: [(x, y), …]}; x and y are the axes' labels. Those named in dashed are references,
    not measurements of ours. A linear y axis begins at 0."""
    series = {name: sorted(points) for name, points in series.items() if points}
    if not series or len(series) > MAX_SERIES:
        raise ValueError(f"{title}: {len(series)} series; from 1 to {MAX_SERIES} can be drawn")
    legend, room = _legend(list(series), TOP, dashed)
    top = TOP + room + 8
    bottom = top + PLOT_HEIGHT
    xs = _Axis([p[0] for points in series.values() for p in points], (LEFT, WIDTH - RIGHT), log_x, False)
    ys = _Axis([p[1] for points in series.values() for p in points], (bottom, top), log_y, True)
    body = [_text(LEFT, 24, title, extra=' class="t"'), *legend]
    for tick in ys.ticks:
        body += [_line("r", LEFT, ys.at(tick), WIDTH - RIGHT, ys.at(tick)),
                 _text(LEFT - 8, ys.at(tick) + 4, number(tick), "end")]
    for tick in xs.ticks:
        body += [_line("r", xs.at(tick), top, xs.at(tick), bottom),
                 _text(xs.at(tick), bottom + 18, number(tick), "middle")]
    body += [_line("a", LEFT, bottom, WIDTH - RIGHT, bottom), _line("a", LEFT, top, LEFT, bottom),
             _text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, x, "middle"),
             _text(16, (top + bottom) / 2, y, "middle", f' transform="rotate(-90 16 {_n((top + bottom) / 2)})"')]
    for i, (name, points) in enumerate(series.items()):
        path = "L".join(f"{_n(xs.at(px))} {_n(ys.at(py))}" for px, py in points)
        body += [f'<path class="l s{i}{" d" if name in dashed else ""}" d="M{path}"/>',
                 *(_mark(i, xs.at(px), ys.at(py)) for px, py in points)]
    return _document(bottom + X_ROOM, title, body)


def bars(title, rows, unit, series=("",), log=False):
    """rows: [(label, [value or None for each of series]), …], drawn from left to right, with its number
    at the end of each bar."""
    values = [v for _, row in rows for v in row if v is not None]
    if not values or len(series) > MAX_SERIES or any(len(row) != len(series) for _, row in rows):
        raise ValueError(f"{title}: rows do not fit the {len(series)} series")
    left = min(20 + CHAR * max(len(label) for label, _ in rows), WIDTH * 0.55)
    legend, room = _legend(list(series), TOP)
    top = TOP + room
    each = len(series) * (BAR + BAR_GAP) + GROUP_GAP
    bottom = top + each * len(rows)
    axis = _Axis(values, (left, WIDTH - RIGHT - 56), log, True)
    body = [_text(16, 24, title, extra=' class="t"'), *legend]
    for tick in axis.ticks:
        body += [_line("r", axis.at(tick), top, axis.at(tick), bottom),
                 _text(axis.at(tick), bottom + 18, number(tick), "middle")]
    zero = axis.begin if log else axis.at(0)
    for r, (label, row) in enumerate(rows):
        y = top + r * each + GROUP_GAP / 2
        body.append(_text(left - 8, y + (each - GROUP_GAP) / 2 + 4, label, "end"))
        for i, value in enumerate(row):
            if value is None:
                continue
            end, at = axis.at(value), y + i * (BAR + BAR_GAP)
            body += [f'<rect class="f{i}" x="{_n(min(zero, end))}" y="{_n(at)}" '
                     f'width="{_n(abs(end - zero))}" height="{BAR}"/>',
                     _text(max(zero, end) + 5, at + BAR - 2, number(float(f"{value:.3g}")))]
    body += [_line("a", zero, top, zero, bottom),
             _text((left + WIDTH - RIGHT - 56) / 2, bottom + 36, unit, "middle")]
    return _document(bottom + X_ROOM, title, body)
