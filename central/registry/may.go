package registry

import (
	"fmt"
	"slices"
	"strings"
)

// RoleName is what a person is in an area.
type RoleName string

const (
	Administrator RoleName = "administrator"
	Broadcaster   RoleName = "broadcaster" // makes and schedules bulletins, mostly for a province
	Officer       RoleName = "officer"     // runs a commune's station
	Technician    RoleName = "technician"  // keeps clusters alive
)

// Role is a role in an area and in all that lies in it.
type Role struct {
	Person string
	Name   RoleName
	Area   string // code
}

// Validate returns all faults of r as Faults, or nil.
func (r Role) Validate() error {
	var f Faults
	if !slug.MatchString(r.Person) {
		f.addf("person", "%q is not a person's id", r.Person)
	}
	if _, ok := granted[r.Name]; !ok {
		f.addf("name", "%q is none of administrator, broadcaster, officer, technician", r.Name)
	}
	if LevelOf(r.Area) == 0 {
		f.addf("area", "%q is not an area's code", r.Area)
	}
	return f.err()
}

// Action is something that a person may or may not do in an area.
type Action string

const (
	ReadContent      Action = "read-content"      // bulletins, programmes, orders and their fate
	EditBulletins    Action = "edit-bulletins"    // audio uploads too
	ApproveBulletins Action = "approve-bulletins" // and withdraw
	EditProgrammes   Action = "edit-programmes"
	RaiseAlerts      Action = "raise-alerts" // and drills
	CancelAlerts     Action = "cancel-alerts"
	StopSound        Action = "stop-sound"
	ReadFleet        Action = "read-fleet"
	EnrolDevices     Action = "enrol-devices"
	ManagePlacements Action = "manage-placements" // areas and clusters
	ManagePeople     Action = "manage-people"     // persons, roles, tokens
	ManageKeys       Action = "manage-keys"
	ReadAudit        Action = "read-audit"
)

// granted is the one table of what a role allows in its area and below. The
// right to ask is not the right to sound: a board obeys signatures alone.
var granted = map[RoleName][]Action{
	Administrator: {ReadContent, ReadFleet, ReadAudit, ManagePlacements, ManagePeople, ManageKeys},
	// A broadcaster of the province drafts alerts beyond one commune, for which
	// boards want more than one person's signature.
	Broadcaster: {ReadContent, ReadFleet, EditBulletins, ApproveBulletins, EditProgrammes,
		RaiseAlerts, CancelAlerts, StopSound},
	Officer: {ReadContent, ReadFleet, EditBulletins, ApproveBulletins, EditProgrammes,
		RaiseAlerts, CancelAlerts, StopSound},
	Technician: {ReadFleet, EnrolDevices},
}

// May reports whether somebody with these roles may do an action in every one
// of the areas, each given by its path. For no area at all the answer is no.
func May(roles []Role, action Action, areas ...Path) bool {
	for _, path := range areas {
		if !slices.ContainsFunc(roles, func(r Role) bool {
			return slices.Contains(path, r.Area) && slices.Contains(granted[r.Name], action)
		}) {
			return false
		}
	}
	return len(areas) > 0
}

// MayAnywhere is May for what belongs to no area yet, as an audio file before
// it is in a bulletin: it asks whether there is some area.
func MayAnywhere(roles []Role, action Action) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(granted[r.Name], action) })
}

// Denied says that a person may not do something.
type Denied struct {
	Person string
	Action Action
	Areas  []string // codes; empty: anywhere
}

func (d *Denied) Error() string {
	where := "anywhere"
	if len(d.Areas) > 0 {
		where = "in " + strings.Join(d.Areas, ", ")
	}
	return fmt.Sprintf("%s may not %s %s", d.Person, strings.ReplaceAll(string(d.Action), "-", " "), where)
}
