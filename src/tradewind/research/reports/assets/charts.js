/* Draws the embedded columns with lightweight-charts. Colours come from the page's CSS variables. */
"use strict";
(() => {
  const { createChart, createSeriesMarkers, CandlestickSeries, LineSeries, AreaSeries, LineStyle } = LightweightCharts;
  const PIXELS_A_MARK = 3;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const amount = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  const moment = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

  function frame(id) {
    const chart = createChart(document.getElementById(id), {
      autoSize: true,
      handleScroll: { vertTouchDrag: false },
      handleScale: { mouseWheel: false },
      localization: { locale: "en-US", timeFormatter: moment },
      layout: { attributionLogo: false, background: { color: "transparent" }, fontFamily: "system-ui, sans-serif" },
      rightPriceScale: { borderVisible: false, entireTextOnly: true },
      timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, minBarSpacing: 0.05, rightOffsetPixels: 24 },
    });
    const paint = () => chart.applyOptions({
      layout: { textColor: ink("--muted"), panes: { separatorColor: ink("--line") } },
      grid: { vertLines: { visible: false }, horzLines: { color: ink("--line") } },
    });
    paint();
    document.addEventListener("theme", paint);
    return chart;
  }

  /* Marks by kind: long entry, short entry, exit with profit, exit with loss. Shape and place differ, not colour alone. */
  const MARKS = [
    { position: "belowBar", shape: "arrowUp", ink: "--gain" },
    { position: "aboveBar", shape: "arrowDown", ink: "--loss" },
    { position: "aboveBar", shape: "circle", ink: "--gain" },
    { position: "aboveBar", shape: "square", ink: "--loss" },
  ];

  function priceChart(markets) {
    let shown = markets[0];
    const chart = frame("price-chart");
    const series = chart.addSeries(CandlestickSeries, { priceLineVisible: false, lastValueVisible: false });
    const marks = createSeriesMarkers(series, []);
    const legend = document.getElementById("price-chart-legend");
    const caption = document.getElementById("price-chart-caption");

    const paint = () => series.applyOptions({
      upColor: ink("--gain"), wickUpColor: ink("--gain"), borderUpColor: ink("--gain"),
      downColor: ink("--loss"), wickDownColor: ink("--loss"), borderDownColor: ink("--loss"),
      priceFormat: {
        type: "custom", formatter: (price) => amount(price, shown.decimals), minMove: 10 ** -shown.decimals,
      },
    });
    const describe = (candle, time) => {
      legend.textContent = `${shown.symbol} ${moment(time)}  open ${amount(candle.open, shown.decimals)}  ` +
        `high ${amount(candle.high, shown.decimals)}  low ${amount(candle.low, shown.decimals)}  ` +
        `close ${amount(candle.close, shown.decimals)}`;
    };
    const last = () => ({ open: shown.o.at(-1), high: shown.h.at(-1), low: shown.l.at(-1), close: shown.c.at(-1) });
    const mark = () => {
      const view = chart.timeScale().getVisibleRange();
      const seen = view ? shown.marks.filter(([time]) => time >= view.from && time <= view.to) : [];
      const at = (mark) => chart.timeScale().timeToCoordinate(mark[0]) ?? 0;
      const room = seen.length > 1 ? at(seen.at(-1)) - at(seen[0]) : 0;
      const crowded = seen.length > 20 && seen.length > room / PIXELS_A_MARK;
      const size = seen.length > room / 16 ? 0.5 : 1;
      marks.setMarkers(crowded ? [] : seen.map(([time, kind]) =>
        ({ time, position: MARKS[kind].position, shape: MARKS[kind].shape, color: ink(MARKS[kind].ink), size })));
      const candles = shown.joined
        ? `Each candle joins the ${shown.bars.toLocaleString("en-US")} bars into ${shown.timeframe}.`
        : `Each candle is a bar of ${shown.timeframe}.`;
      const trades = !shown.marks.length ? "No trades." : crowded
        ? "Zoom in to see entries and exits: there are too many to draw at once."
        : "▲ bought to open, ▼ sold to open, ● closed with profit, ■ closed with loss.";
      const rest = shown.marks_left_out
        ? ` The first ${shown.marks_left_out.toLocaleString("en-US")} trades are not drawn.` : "";
      caption.textContent = `${candles} ${trades}${rest}`;
    };
    const show = (number) => {
      shown = markets[number];
      paint();
      series.setData(shown.t.map((time, i) =>
        ({ time, open: shown.o[i], high: shown.h[i], low: shown.l[i], close: shown.c[i] })));
      chart.timeScale().fitContent();
      describe(last(), shown.t.at(-1));
      mark();
    };
    let waiting = 0;
    chart.timeScale().subscribeVisibleTimeRangeChange(() => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(mark);
    });
    chart.subscribeCrosshairMove((at) => {
      const candle = at.seriesData.get(series);
      if (candle) describe(candle, at.time); else describe(last(), shown.t.at(-1));
    });
    document.addEventListener("theme", () => { paint(); mark(); });
    for (const button of document.querySelectorAll("[data-market]")) {
      button.addEventListener("click", () => {
        for (const other of document.querySelectorAll("[data-market]")) other.setAttribute("aria-pressed", other === button);
        show(Number(button.dataset.market));
      });
    }
    show(0);
    zoomKeys(chart, "price-chart");
  }

  function accountChart(account) {
    const chart = frame("equity-chart");
    const digits = Math.max(...account.equity) >= 1000 ? 0 : account.digits;
    const money = { type: "custom", formatter: (value) => amount(value, digits), minMove: 10 ** -account.digits };
    const quiet = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerRadius: 3 };
    const hold = chart.addSeries(LineSeries, { ...quiet, lineWidth: 1, lineStyle: LineStyle.Dashed, priceFormat: money }, 0);
    const equity = chart.addSeries(LineSeries, { ...quiet, lineWidth: 2, priceFormat: money }, 0);
    const below = chart.addSeries(AreaSeries, {
      ...quiet, lineWidth: 1, invertFilledArea: true,
      priceFormat: { type: "custom", formatter: (value) => `${amount(value, 1)} %`, minMove: 0.01 },
      autoscaleInfoProvider: (original) => {
        const info = original();
        if (!info?.priceRange) return info;
        const { minValue } = info.priceRange;
        return { ...info, priceRange: { minValue: minValue < 0 ? minValue : -1, maxValue: 0 } };
      },
    }, 1);
    below.priceScale().applyOptions({ scaleMargins: { top: 0, bottom: 0.1 } });
    const line = (values) => account.t.map((time, i) => ({ time, value: values[i] }));
    hold.setData(line(account.hold));
    equity.setData(line(account.equity));
    below.setData(line(account.below));
    const [upper, lower] = chart.panes();
    upper.setStretchFactor(3);
    lower.setStretchFactor(1);
    const paint = () => {
      equity.applyOptions({ color: ink("--accent") });
      hold.applyOptions({ color: ink("--muted") });
      below.applyOptions({ lineColor: ink("--loss"), topColor: ink("--loss-soft"), bottomColor: ink("--loss-soft") });
    };
    paint();
    document.addEventListener("theme", paint);
    const legend = document.getElementById("equity-chart-legend");
    const describe = (i) => {
      legend.textContent = `${moment(account.t[i])}  equity ${amount(account.equity[i], 2)}  ` +
        `buy and hold ${amount(account.hold[i], 2)}  drawdown ${amount(account.below[i], 2)} %`;
    };
    const row = new Map(account.t.map((time, i) => [time, i]));
    chart.subscribeCrosshairMove((at) => describe(row.get(at.time) ?? account.t.length - 1));
    describe(account.t.length - 1);
    chart.timeScale().fitContent();
    zoomKeys(chart, "equity-chart");
  }

  /* With the chart in focus: arrows move, plus and minus zoom, 0 shows all. */
  function zoomKeys(chart, id) {
    const box = document.getElementById(id);
    box.tabIndex = 0;
    const scale = chart.timeScale();
    const change = (grow, move) => {
      const range = scale.getVisibleLogicalRange();
      if (!range) return;
      const width = range.to - range.from;
      scale.setVisibleLogicalRange({ from: range.from + width * (move + grow), to: range.to + width * (move - grow) });
    };
    const keys = {
      "+": () => change(0.2, 0), "=": () => change(0.2, 0), "-": () => change(-0.3, 0), 0: () => scale.fitContent(),
      ArrowLeft: () => change(0, -0.1), ArrowRight: () => change(0, 0.1),
    };
    for (const button of document.querySelectorAll(`[data-chart="${id}"]`)) {
      button.addEventListener("click", () => keys[button.dataset.key]());
    }
    box.addEventListener("keydown", (event) => {
      if (keys[event.key] && !event.ctrlKey && !event.metaKey) { keys[event.key](); event.preventDefault(); }
    });
    box.addEventListener("wheel", (event) => {
      if (event.ctrlKey) { change(event.deltaY < 0 ? 0.1 : -0.12, 0); event.preventDefault(); }
    }, { passive: false });
  }

  priceChart(read("markets"));
  accountChart(read("account"));
})();
