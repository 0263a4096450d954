// Package central is the provincial source-information server. It hides how its
// rooms are put together: New opens storage, the authority, the broker and the
// API in one straight line, Run serves until it is told to end, and nothing
// else in the program knows more than one room.
package central
