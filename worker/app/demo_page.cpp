#include "worker/app/demo_page.hpp"

namespace girin {

const std::string_view kDemoPage = R"page(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>girin is serving</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; --ink: #1d2430; --soft: #5d6878; --paper: #f7f6f2; --card: #fff; --line: #dfdcd3;
          --gold: #b7791f; --new: #fdf3d8; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e9e6df; --soft: #9aa4b2; --paper: #14181f; --card: #1c222c; --line: #2f3744; --gold: #e0b15a; --new: #3a3220; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
  main { max-width: 44rem; margin: 0 auto; padding: 4rem 1.25rem 3rem; }
  h1 { margin: 0; font-size: 2.6rem; letter-spacing: -.02em; line-height: 1.1; }
  h1 small { color: var(--gold); font-size: 1.3rem; font-weight: 500; margin-left: .4rem; }
  .lead { color: var(--soft); font-size: 1.1rem; margin: .8rem 0 2.2rem; }
  section {
    background: var(--card); border: 1px solid var(--line); border-radius: .8rem;
    padding: 1.2rem 1.4rem; margin: 0 0 1.2rem;
  }
  h2 { margin: 0 0 .6rem; font-size: 1rem; }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
  th { text-align: left; color: var(--soft); font-weight: 500; font-size: .85rem; }
  th, td { padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); }
  tbody tr:last-child td { border-bottom: 0; }
  tr.now td { background: var(--new); }
  code { font: .92em ui-monospace, monospace; }
  a { color: var(--gold); }
  ul { margin: 0; padding-left: 1.1rem; }
  .soft { color: var(--soft); font-size: .9rem; margin: .7rem 0 0; }
</style>
</head>
<body>
<main>
  <h1>It works.<small>기린</small></h1>
  <p class="lead">This is the demo application of <b>girin</b>, a pre-fork application server for C++: one master that
    never serves, workers that do, and reloads that lose no request.</p>

  <section aria-live="polite">
    <h2>Workers that have answered this page</h2>
    <table>
      <thead><tr><th>slot</th><th>pid</th><th>generation</th><th>requests</th></tr></thead>
      <tbody id="workers"><tr><td colspan="4"><noscript>See <a href="info">/info</a>.</noscript></td></tr></tbody>
    </table>
    <p class="soft" id="request">Reload with <code>kill -HUP</code> and watch the generation change.</p>
  </section>

  <section>
    <h2>Things to try</h2>
    <ul>
      <li><a href="info"><code>/info</code></a> the worker, and what your proxy told about you</li>
      <li><a href="headers"><code>/headers</code></a> your request's fields, as they came</li>
      <li><a href="sleep/500"><code>/sleep/500</code></a> half a second that blocks nobody</li>
      <li><a href="stream/10/64"><code>/stream/10/64</code></a> ten pieces of 64 bytes</li>
      <li><code>curl --data-binary @file …/echo</code> the body back, streamed</li>
    </ul>
  </section>
</main>
<script>
  const workers = new Map();
  const cell = (row, text) => { row.insertCell().textContent = text; };
  function show(latest) {
    const body = document.getElementById('workers');
    body.replaceChildren();
    for (const w of [...workers.values()].sort((a, b) => a.slot - b.slot || a.generation - b.generation)) {
      const row = body.insertRow();
      if (w.pid === latest.pid) row.className = 'now';
      for (const key of ['slot', 'pid', 'generation', 'requests']) cell(row, w[key]);
    }
    document.getElementById('request').textContent =
      `You are ${latest.client}, asking ${latest.host} by ${latest.scheme}. Reload with kill -HUP and watch the generation change.`;
  }
  async function ask() {
    try {
      const info = await (await fetch('info', { cache: 'no-store' })).json();
      for (const [pid, w] of workers) if (w.slot === info.slot && w.generation < info.generation) workers.delete(pid);
      workers.set(info.pid, info);
      show(info);
    } catch {
      document.getElementById('request').textContent = 'No answer; asking again.';
    }
    setTimeout(ask, 1000);
  }
  ask();
</script>
</body>
</html>
)page";

}  // namespace girin
