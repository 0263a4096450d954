package registry

import (
	"crypto/ed25519"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	slug     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$`)
	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	serial   = regexp.MustCompile(`^[0-9a-f]{1,40}$`)
)

const slugForm = "3 to 40 of a-z, 0-9 and -, not at either end"

// Cluster is a pole or cabinet: one board with its loudspeakers.
type Cluster struct {
	ID         string // as in muong-te-01; stands in topics and certificates
	Name       string
	Area       string   // code of the village or commune where it stands
	Also       []string // more codes it answers to: old ones during a merger
	Languages  []string // BCP 47, in the order of choice: vi, hmn, tai
	Neighbours []string // ids of clusters that are heard here
	// Where it stands, in decimal degrees of WGS 84; both 0: not known.
	Latitude  float64
	Longitude float64
}

// Every place of Vietnam, its islands too, lies within these degrees.
const (
	southmost, northmost = 8.0, 24.0
	westmost, eastmost   = 102.0, 110.0
)

// Validate returns all faults of c as Faults, or nil.
func (c Cluster) Validate() error {
	var f Faults
	if !slug.MatchString(c.ID) {
		f.addf("id", "%q is not an id: %s", c.ID, slugForm)
	}
	checkName(&f, "name", c.Name, true)
	if l := LevelOf(c.Area); l != VillageLevel && l != CommuneLevel {
		f.addf("area", "%q is not the code of a commune or village", c.Area)
	}
	checkList(&f, "also", c.Also, 20, func(code string) string {
		switch {
		case LevelOf(code) == 0:
			return "is not an area's code"
		case code == c.Area:
			return "is the cluster's own area"
		}
		return ""
	})
	if len(c.Languages) == 0 {
		f.addf("languages", "none named")
	}
	checkList(&f, "languages", c.Languages, 16, func(tag string) string {
		if !language.MatchString(tag) || len(tag) > 35 {
			return "is not a language tag"
		}
		return ""
	})
	checkList(&f, "neighbours", c.Neighbours, 32, func(id string) string {
		switch {
		case !slug.MatchString(id):
			return "is not a cluster's id"
		case id == c.ID:
			return "is the cluster itself"
		}
		return ""
	})
	if c.Latitude != 0 || c.Longitude != 0 {
		checkDegrees(&f, "latitude", c.Latitude, southmost, northmost)
		checkDegrees(&f, "longitude", c.Longitude, westmost, eastmost)
	}
	return f.err()
}

// checkDegrees also refuses what is no number, which compares with nothing.
func checkDegrees(f *Faults, field string, v, low, high float64) {
	if !(v >= low && v <= high) {
		f.addf(field, "%v is not in Vietnam, from %v to %v degrees", v, low, high)
	}
}

// checkList names every entry that is wrong or stands twice.
func checkList(f *Faults, field string, list []string, most int, wrong func(string) string) {
	if len(list) > most {
		f.addf(field, "%d entries, at most %d", len(list), most)
		return
	}
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		if problem := wrong(s); problem != "" {
			f.addf(at, "%q %s", s, problem)
		} else if slices.Contains(list[:i], s) {
			f.addf(at, "%q stands twice", s)
		}
	}
}

// AreaCodes is every code that a cluster answers to, which is what its signed
// placement lists: its own area with all that contain it, then the codes that
// it also answers to, as they stand. path is the path of c.Area.
func AreaCodes(c Cluster, path Path) []string {
	all := slices.Clone([]string(path))
	for _, code := range c.Also {
		if !slices.Contains(all, code) {
			all = append(all, code)
		}
	}
	return all
}

// Device is the board in a cluster, known by its own key. A cluster has at most
// one that is not revoked; the rows of earlier boards stay, so that their
// receipts can be verified.
type Device struct {
	ID         string // key id of Public
	Cluster    string
	Public     []byte // ed25519, 32 bytes
	CertSerial string // of its certificate, lower-case hex
	EnrolledAt time.Time
	RevokedAt  time.Time // zero: in service
}

// Validate returns all faults of d as Faults, or nil.
func (d Device) Validate() error {
	var f Faults
	if !slug.MatchString(d.Cluster) {
		f.addf("cluster", "%q is not a cluster's id", d.Cluster)
	}
	if len(d.Public) != ed25519.PublicKeySize {
		f.addf("public", "%d bytes, an ed25519 key has %d", len(d.Public), ed25519.PublicKeySize)
	} else if id := KeyID(Ed25519, d.Public); d.ID != id {
		f.addf("id", "%q is not the key's id, which is %s", d.ID, id)
	}
	if !serial.MatchString(d.CertSerial) || strings.HasPrefix(d.CertSerial, "0") {
		f.addf("certSerial", "%q is not a serial number in lower-case hex", d.CertSerial)
	}
	if d.EnrolledAt.IsZero() {
		f.addf("enrolledAt", "is missing")
	}
	return f.err()
}
