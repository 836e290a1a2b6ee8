// A small HTTP server on an inherited socket, for tests of --exec with node: finishes what it has on TERM.
'use strict';
const http = require('http');
const fd = Number(process.argv[2]);
const server = http.createServer((request, response) => {
  response.setHeader('Connection', 'close');
  response.end(`node pid=${process.pid} slot=${process.env.GIRIN_SLOT}`);
});
server.listen({ fd });
process.on('SIGTERM', () => server.close(() => process.exit(0)));
