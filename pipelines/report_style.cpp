#include "pipelines/report_charts.h"
#include "pipelines/report_page.h"

namespace consilium::pipelines {

// Colours of the single-site models m0..m7 differ in hue and lightness; names stand beside the marks, so that colour is never
// alone.
std::string_view chart_style() {
  return R"css(
:root,svg{--paper:#fff;--ink:#1a1e23;--muted:#57606a;--rule:#d8dde3;--grid:#e6e9ed;--fed:#0b57c2;--pool:#31373e;--good:#0a6b3b;--bad:#a9341a;
--s0:#b8530a;--s1:#0f766e;--s2:#9d3a80;--s3:#7a6400;--s4:#5b5bb8;--s5:#8a4b2a;--s6:#3d7a1f;--s7:#b02a4a;
font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}
@media (prefers-color-scheme:dark){:root,svg{--paper:#14171b;--ink:#e7eaee;--muted:#a2abb5;--rule:#343b43;--grid:#262c33;--fed:#7fb0ff;--pool:#d4dae1;--good:#6fd39c;--bad:#ff9d80;
--s0:#f0a15e;--s1:#54c7ba;--s2:#e38cc8;--s3:#d9c04a;--s4:#a9a9f5;--s5:#d6a184;--s6:#93cf74;--s7:#f58ba2}}
.paper{fill:var(--paper)}
.mf{--c:var(--fed)}.mp{--c:var(--pool)}.m0{--c:var(--s0)}.m1{--c:var(--s1)}.m2{--c:var(--s2)}.m3{--c:var(--s3)}
.m4{--c:var(--s4)}.m5{--c:var(--s5)}.m6{--c:var(--s6)}.m7{--c:var(--s7)}
svg text{font-size:11.5px;fill:var(--ink);font-variant-numeric:tabular-nums}
svg .tick{font-size:11px;fill:var(--muted)}
svg .label{fill:var(--muted)}.mf .label{fill:var(--fed);font-weight:600}
svg .head{font-size:12.5px;font-weight:650}
svg .group{font-weight:650}
svg .name{fill:var(--c);font-weight:600}
svg .value.fed{fill:var(--fed);font-weight:650;stroke:none}
.grid{stroke:var(--grid);stroke-width:1}
.zero{stroke:var(--muted);stroke-width:1}
.dot{fill:var(--c);fill-opacity:.5}.dot:hover{fill-opacity:1}
.mean{stroke:var(--c);stroke-width:2.5;stroke-linecap:round}
.curve{fill:none;stroke:var(--c);stroke-width:1.75;stroke-linejoin:round}.mf .curve{stroke-width:2.5}.mp .curve{stroke-dasharray:5 3}
.point{fill:var(--c)}.best{fill:var(--paper);stroke:var(--c);stroke-width:2}
line.up{stroke:var(--good);stroke-width:3}line.down{stroke:var(--bad);stroke-width:3}
circle.up{fill:var(--good)}circle.down{fill:var(--bad)}
circle.own{fill:var(--paper);stroke:var(--ink);stroke-width:2}
circle.fed{fill:var(--fed);stroke:var(--paper);stroke-width:1.5}
path.pool{fill:none;stroke:var(--pool);stroke-width:1.75}
.part.took{fill:var(--fed)}.part.look{fill:var(--muted);fill-opacity:.55}.part.refused{fill:var(--bad)}
.part.gone{fill:var(--bad);fill-opacity:.12;stroke:var(--bad);stroke-width:1;stroke-dasharray:3 2}
path.away{stroke:var(--muted);stroke-width:1.5;opacity:.75}
)css";
}

std::string_view page_style() {
  return R"css(
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font-size:16px;line-height:1.5;overflow-wrap:break-word}
:root{--heat:37 99 200}
@media (prefers-color-scheme:dark){:root{--heat:96 150 255}}
header,main,footer{max-width:1152px;margin:0 auto;padding:0 24px}
header{padding-top:40px}
.eyebrow{margin:0 0 6px;font-size:13px;color:var(--muted)}
h1{margin:0 0 28px;font-size:20px;line-height:1.3;font-weight:600}
.headline{margin:0 0 10px;font-size:clamp(28px,4.4vw,44px);line-height:1.12;font-weight:700;letter-spacing:-.018em;text-wrap:balance}
.answer{margin:0;font-size:clamp(17px,1.9vw,20px);line-height:1.5;max-width:46em;text-wrap:pretty}
.notice{margin:16px 0 0;max-width:none;font-size:14px;color:var(--muted)}
.alarm{margin:20px 0 0;max-width:none;padding:12px 16px;border-left:4px solid var(--bad);background:color-mix(in srgb,var(--bad) 9%,var(--paper))}
figure.wide{margin:18px 0 0;max-width:960px;overflow-x:auto}figure.wide .chart{min-width:560px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:0;margin:32px 0 0;border-top:2px solid var(--ink);border-bottom:1px solid var(--rule)}
.figures div{padding:14px 18px 14px 0}
.figures dt{font-size:13.5px;color:var(--muted)}
.figures dd{margin:0}
.figures .big{font-size:30px;line-height:1.25;font-weight:650;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.figures small{display:block;font-size:13px;color:var(--muted)}
nav{margin:20px 0 0;font-size:14px}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:0;padding:0}
a{color:var(--fed);text-underline-offset:3px}
section{margin:56px 0 0;scroll-margin-top:16px}
h2{margin:0 0 6px;font-size:24px;line-height:1.25;letter-spacing:-.01em;text-wrap:balance}
h3{margin:0;font-size:16px}
p{margin:8px 0;max-width:70ch}
.muted,small{color:var(--muted)}
small{font-size:13px;font-weight:400}
.good{color:var(--good)}.bad{color:var(--bad)}
.nowrap{white-space:nowrap}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:2px solid var(--fed);outline-offset:2px}

.gains{list-style:none;margin:20px 0 0;padding:0;border-top:1px solid var(--rule)}
.gains li>*{min-width:0;overflow-wrap:anywhere}
.gains li{display:grid;grid-template-columns:minmax(120px,180px) 1fr 172px;gap:4px 20px;align-items:center;padding:12px 0;border-bottom:1px solid var(--rule)}
.gains .axis{border:0;padding:2px 0}
.gains small{display:block;line-height:1.35}
.change b{font-size:20px;font-variant-numeric:tabular-nums}
.track{display:block;width:100%;overflow:visible}
.key{display:inline-block;width:9px;height:9px;border-radius:50%;background:var(--c);margin-right:6px}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;margin:12px 0;padding:0;font-size:14px;color:var(--muted)}
.legend svg{vertical-align:-4px;margin-right:4px;overflow:visible}
.swatch{display:inline-block;width:14px;height:14px;border-radius:3px;margin-right:6px;vertical-align:-2px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.line{display:inline-block;width:20px;height:4px;background:#fff;border:1px solid #000;margin-right:6px;vertical-align:3px;box-sizing:content-box}
.line.thin{height:1px}

.scroll{overflow-x:auto;margin:18px 0 0;position:relative;
background:linear-gradient(to right,var(--paper) 30%,transparent) 0 0/40px 100% no-repeat local,linear-gradient(to left,var(--paper) 30%,transparent) 100% 0/40px 100% no-repeat local,
linear-gradient(to right,rgb(128 128 128/.35),transparent) 0 0/12px 100% no-repeat,linear-gradient(to left,rgb(128 128 128/.35),transparent) 100% 0/12px 100% no-repeat}
table{border-collapse:separate;border-spacing:0;font-variant-numeric:tabular-nums;font-size:15px;width:100%}
caption{text-align:left;font-weight:600;padding:0 0 6px;font-size:15px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--rule);vertical-align:middle;overflow-wrap:break-word}
td,.plain thead th+th{white-space:nowrap}
th:first-child{position:sticky;left:0;background:var(--paper);text-align:left;padding-left:0;font-weight:600;min-width:84px;max-width:240px}
thead th{font-weight:600;font-size:13.5px;vertical-align:bottom;max-width:150px}
thead th small,td small{display:block;line-height:1.2}
thead th:first-child{font-weight:400;color:var(--muted)}
th.text,td.text{text-align:left}
td.text{white-space:normal;min-width:160px;overflow-wrap:anywhere}
.words{width:auto;min-width:min(100%,720px)}
.drawn{width:200px;min-width:140px}
.matrix{table-layout:fixed;min-width:calc(var(--w) + var(--n)*84px)}
.matrix th:first-child{width:var(--w);max-width:none}
.matrix td{border-bottom:2px solid var(--paper);border-left:2px solid var(--paper)}
.heat{background:rgb(var(--heat)/var(--h,0));print-color-adjust:exact;-webkit-print-color-adjust:exact}
.heat small{color:inherit;font-size:11.5px}
.matrix .key{display:block;margin:0 0 3px auto}
.matrix thead th+th{padding-left:2px;padding-right:6px;font-size:12.5px}
.matrix .own{box-shadow:inset 0 0 0 2px var(--ink)}
.matrix .first>*{border-top:8px solid var(--paper)}
.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:12px 40px}
.pairs.wide{grid-template-columns:minmax(0,1fr)}
.pairs>*{min-width:0}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:28px 24px;margin-top:20px}
.charts figure{margin:0;max-width:520px}
.charts.four{max-width:960px;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}
.chart{display:block;width:100%;height:auto}

.toggle{width:18px;height:18px;margin:0 6px 0 0;vertical-align:-4px;accent-color:var(--fed)}
.toggle+label{font-size:14px;margin-right:20px;line-height:32px}
#show-fill:not(:checked)~.cases .fill,#show-ref:not(:checked)~.cases .ref{display:none}
.case{margin:28px 0 0}
.case p{margin:0}
.panels{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin-top:10px}
.panels figure{margin:0}
.panels svg{display:block;width:100%;height:auto;background:#000;border-radius:4px}
.panels figcaption{font-size:13.5px;line-height:1.4;margin-top:6px;font-variant-numeric:tabular-nums}
.panels figcaption>b{display:block}
.panels figcaption span{white-space:nowrap;color:var(--muted)}.panels figcaption span b{color:var(--ink);font-weight:600}
.absent{color:var(--muted);font-size:14px}
figure.absent p{display:grid;place-items:center;aspect-ratio:1;border:1px dashed var(--rule);border-radius:4px;padding:12px;margin:0}
details{margin:14px 0 0;border-top:1px solid var(--rule);padding-top:10px}
summary{cursor:pointer;font-weight:600;min-height:28px}
pre{overflow:auto;max-height:480px;padding:14px;border:1px solid var(--rule);border-radius:6px;font-size:13px;line-height:1.45}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:12px 0 0}
dl.facts dt{color:var(--muted)}dl.facts dd{margin:0;overflow-wrap:anywhere}
footer{margin-top:64px;padding-top:16px;padding-bottom:48px;border-top:1px solid var(--rule);font-size:14px;color:var(--muted)}

@media (max-width:720px){
header,main,footer{padding-left:16px;padding-right:16px}
header{padding-top:24px}
.figures{grid-template-columns:repeat(2,minmax(0,1fr));overflow-wrap:anywhere}
.figures .big{font-size:25px}
.gains li{grid-template-columns:1fr max-content}
.gains .track{grid-column:1/-1;grid-row:2}
.change{text-align:right}
.panels{grid-template-columns:1fr 1fr}
section{margin-top:44px}
.matrix{min-width:calc(60px + var(--n)*60px);font-size:14px}
.matrix th:first-child{width:60px;min-width:0}
.matrix td,.matrix th{padding:6px 5px}.matrix th:first-child{padding-left:0}
.matrix thead th{font-size:11px;letter-spacing:-.02em}.matrix thead th+th{padding:6px 3px 6px 0;font-size:10.5px}.matrix thead small{font-size:11px}
dl.facts{grid-template-columns:1fr}dl.facts dd{margin-bottom:6px}
}
@media print{
:root{--paper:#fff;--ink:#000;--muted:#444;--rule:#bbb;--grid:#e4e4e4}
body{font-size:11pt}nav,.toggle,.toggle+label{display:none}
section{margin-top:28px}h2,h3,caption{break-after:avoid}
tr,.case,.charts figure,.gains li{break-inside:avoid}.scroll{overflow:visible}
details:not([open])>*:not(summary){display:none}
}
)css";
}

}  // namespace consilium::pipelines
