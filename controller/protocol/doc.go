// Package protocol is the wire contract between the province's server and its
// boards: what a document may say, how it is signed, which topic it travels on,
// and who may order what. It hides signatures, encodings and the rules of
// authority behind one gate: Open takes the bytes of an order and what a board
// knows, and returns an order that may be carried out, or a Refusal with the
// reason.
//
// Both sides import this package, so that they cannot disagree. It holds no
// state, keeps no clock and does no I/O.
package protocol
