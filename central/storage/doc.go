// Package storage keeps what central must not lose, in one SQLite file. It
// hides SQL, migrations, transactions and the audit chain from the rooms: each
// room declares the Store it needs, and DB has one method per room that gives
// it (Registry, Library, ...).
//
// One store method is one transaction: the document, its audit row, and what is
// to be sent because of it are all kept or none is, and a method that returned
// nil survives a power cut (WAL with synchronous=FULL).
//
// A room is added by three files: migrations/NNNN_room.sql, room.go with the
// store over DB.write and DB.read, and room_test.go with the contract that
// every store of that room passes.
package storage
