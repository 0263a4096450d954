package seeds

import (
	"loa/central/library"
	"loa/central/planner"
	"loa/central/registry"
)

// Province is a province to sow: areas, and what stands and goes on there.
type Province struct {
	Areas      []registry.Area // the province, its communes, its villages
	Stations   []registry.Station
	Clusters   []Cluster
	People     []Person
	Bulletins  []Bulletin
	Programmes []planner.Programme
}

// Cluster is a cluster, and what is wrong with it in the demo.
type Cluster struct {
	registry.Cluster
	Fault Fault
}

// Fault is what a simulated cluster suffers from.
type Fault string

const (
	None          Fault = ""
	Unplugged     Fault = "unplugged"      // no mains: the board is not there at all
	AmplifierDead Fault = "amplifier-dead" // the relay closes and no power goes to the horns
	HornsCut      Fault = "horns-cut"      // the amplifier works on an open line
)

// Person is somebody of the demo; nobody real has this name and role.
type Person struct {
	registry.Person
	Roles []registry.Role
}

// Bulletin is a bulletin whose audio is made when it is sown.
type Bulletin struct {
	// Bulletin has no audio and no validity yet.
	library.Bulletin
	Days int // how long it is valid from the day on which it is sown
}
