// Package orders knows the life of any order: the exact bytes that are shown to
// the person who signs, the signatures gathered, the seal, the outbox, the
// resync, the receipts and their acknowledgement. It hides who is to get what
// and when it is sent again: a caller drafts, hands in signatures, and reads a
// Status.
//
// Whether enough persons signed is not decided here but by protocol.Open, the
// very gate of the boards, against the signed placements of the boards that are
// meant. Central's own key signs plans, signed times and acknowledgements, and
// nothing else; the private key of a person is never here.
//
// Nothing rests on the network: a sealed order stays in the outbox until the
// board's receipt, and is sent again on a timer and on every hello. What a
// hello is answered with is worked out from what that board says it holds, so a
// central that was restored from a backup sends nothing old to a board before
// the board has told what it knows. An alert from before the start waits 10 s
// longer, for other boards to tell that it was cancelled; see settleTime.
package orders
