// Package library keeps what can be broadcast: audio files and the bulletins
// made of them. It hides how any file that a person has becomes the one station
// format (checked, brought to one loudness, named by its content), and what
// states a bulletin goes through from draft to withdrawn.
//
// A Shelf is the folder of files and needs no database; Library adds the rows.
package library
