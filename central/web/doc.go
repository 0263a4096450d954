// Package web is how people and programs reach central: the HTTP API, described
// by OpenAPI, and the console, which is built from console/ and speaks to that
// API alone. It hides HTTP: who asks (a program's token, a browser's session),
// whether they may (the registry answers), what a page may load, what is wrong with a request (problems by RFC 9457), and how the
// rooms' values look as JSON. Every handler first asks the registry, then one
// room; it decides nothing itself.
package web
