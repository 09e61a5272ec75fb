"use strict";
// Draws what stands in `data-chart` of a figure; the table beside it says the same.

(() => {
  const DAY = 86400;
  const charts = new Map();

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

  function marks(given) {
    return (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
      given.forEach((mark, place) => {
        const from = plot.valToPos(seconds(mark.first) - DAY / 2, "x", true);
        const to = plot.valToPos(seconds(mark.last) + DAY / 2, "x", true);
        const middle = (from + to) / 2;
        ctx.fillStyle = ctx.strokeStyle = colour(`--mark-${mark.kind}`);
        ctx.lineWidth = 2 * devicePixelRatio;
        if (mark.kind === "event") {
          ctx.fillRect(from, bbox.top + bbox.height - 5 * devicePixelRatio, to - from, 5 * devicePixelRatio);
          return;
        }
        ctx.setLineDash(mark.kind === "fix" ? [] : [4 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(middle, bbox.top);
        ctx.lineTo(middle, bbox.top + bbox.height);
        ctx.stroke();
        const right = middle > bbox.left + bbox.width / 2;
        ctx.textAlign = right ? "right" : "left";
        const line = (place % 3) * 15 + 12;
        ctx.fillText(mark.short, middle + (right ? -5 : 5) * devicePixelRatio, bbox.top + line * devicePixelRatio);
      });
      ctx.restore();
    };
  }

  function options(figure, given, width) {
    const { lang } = document.documentElement;
    const language = lang === "en" ? "en-GB" : lang;
    const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
    const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
    const grid = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--ink"), font: "13px system-ui, sans-serif", grid, ticks: { show: false } };
    const stepped = uPlot.paths.stepped({ align: 1 });
    const edge = { stroke: "transparent", width: 0, paths: stepped, points: { show: false } };
    return {
      width,
      height: Number(figure.dataset.height || 280),
      tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: { y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.15] } },
      axes: [
        { ...axis, grid: { show: false }, space: 70, values: (_, stamps) => stamps.map((at) => day.format(at * 1000)) },
        { ...axis, size: 48, values: (_, values) => values.map((each) => (Number.isInteger(each) ? number.format(each) : "")) },
      ],
      series: [
        {},
        { ...edge },
        { ...edge },
        {
          fill: colour("--bar"), stroke: colour("--bar"), width: 0, points: { show: false },
          paths: uPlot.paths.bars({ size: [0.7, 40], align: 0 }),
        },
        { stroke: colour("--expected"), width: 2, paths: stepped, points: { show: false } },
      ],
      bands: [{ series: [2, 1], fill: colour("--band") }],
      hooks: { draw: [marks(given.marks || [])] },
    };
  }

  // steps begin half a day before their day, so that each lies around its bar: bars and steps are two sets of places
  function draw(figure) {
    const given = JSON.parse(figure.dataset.chart);
    const place = figure.querySelector(".plot");
    charts.get(figure)?.destroy();
    const days = given.days.map(seconds);
    const xs = [];
    const rows = [[], [], [], []];
    days.forEach((at, index) => {
      xs.push(at - DAY / 2, at);
      rows[0].push(given.low[index], given.low[index]);
      rows[1].push(given.high[index], given.high[index]);
      rows[2].push(null, given.observed[index]);
      rows[3].push(given.expected[index], given.expected[index]);
    });
    xs.push(days.at(-1) + DAY / 2);
    rows.forEach((row, index) => row.push(index === 2 ? null : row.at(-1)));
    charts.set(figure, new uPlot(options(figure, given, place.clientWidth), [xs, ...rows], place));
  }

  function drawAll() {
    for (const figure of charts.keys()) if (!figure.isConnected) charts.delete(figure);
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 100);
  };
  drawAll();
  window.addEventListener("resize", soon);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
  document.addEventListener("htmx:afterSettle", drawAll);
})();
