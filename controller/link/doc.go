// Package link is a board's line to central: the MQTT session, and the
// downloads of audio beside it. It hides the MQTT library with its traps, TLS,
// reconnecting, and the resuming of downloads.
//
// What arrives is handed on unread. The network is only a hint: a message that
// was published is not yet delivered, whatever the library says, and a session
// that is up may go at any moment. Receipts, which are sent until central
// acknowledges them, are what proves delivery.
package link
