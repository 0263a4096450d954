// Package web is how people and programs reach central: the HTTP API, described
// by OpenAPI. It hides HTTP: who asks (tokens), whether they may (the registry
// answers), what is wrong with a request (problems by RFC 9457), and how the
// rooms' values look as JSON. Every handler first asks the registry, then one
// room; it decides nothing itself.
package web
