package controller_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"loa/controller/protocol"
)

// noon is when the tests' world begins: 17:00 in Hanoi.
var noon = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

const (
	clusterID = "muong-te-03"
	commune   = "03388"
	province  = "12"
)

// private is the key of a name, always the same one.
func private(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("controller test key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func public(name string) protocol.Key {
	return protocol.NewKey(private(name).Public().(ed25519.PublicKey))
}

func persons(names ...string) (all []protocol.Person) {
	for _, name := range names {
		all = append(all, protocol.Person{ID: name, Name: "Name of " + name, Keys: []protocol.Key{public(name)}})
	}
	return all
}

// sign makes the envelope of a document, signed by names.
func sign(kind protocol.Kind, mode protocol.Mode, document any, names ...string) protocol.Envelope {
	e, err := protocol.Draft(kind, mode, document)
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		e.Sign(private(name))
	}
	return e
}

func bytesOf(v any) []byte {
	data, err := protocol.Encode(v)
	if err != nil {
		panic(err)
	}
	return data
}

// world is a province with one commune as it is seen at a time.
type world struct{ now time.Time }

func (w world) root() protocol.Envelope { return w.rootOf(1, "admin1", "admin2", "admin3") }

// rootOf has other administrators.
func (w world) rootOf(revision int64, administrators ...string) protocol.Envelope {
	return sign(protocol.KindRoot, protocol.Live, protocol.Root{
		Version: protocol.Version, Revision: revision, Issued: w.now.AddDate(0, -6, 0), Expires: w.now.AddDate(5, 0, 0),
		Scopes: []string{province},
		Owners: persons("owner1", "owner2", "owner3"), Threshold: 2,
		Administrators: persons(administrators...), AdminThreshold: 2, WideAlert: 2,
	}, "owner1", "owner2")
}

// keySet has revision 1, and a higher one for every change.
func (w world) keySet(revision int64, revoked ...string) protocol.Envelope {
	all := persons("officer", "captain", "wide1", "wide2", "stranger", "central")
	all[len(all)-1].Service = true
	for i, p := range all {
		for _, name := range revoked {
			if p.ID == name {
				all[i].Keys[0].Revoked = true
			}
		}
	}
	rule := func(kind protocol.Kind, mode protocol.Mode, scope string, threshold int, persons ...string) protocol.Rule {
		return protocol.Rule{Kind: kind, Mode: mode, Scope: scope, Persons: persons, Threshold: threshold}
	}
	return sign(protocol.KindKeySet, protocol.Live, protocol.KeySet{
		Version: protocol.Version, Revision: revision, Issued: w.now.AddDate(0, -1, 0), Expires: w.now.AddDate(1, 0, 0),
		Persons: all,
		Rules: []protocol.Rule{
			rule(protocol.KindBulletin, protocol.Live, commune, 1, "officer", "captain"),
			rule(protocol.KindAlert, protocol.Live, province, 2, "wide1", "wide2"),
			rule(protocol.KindAlert, protocol.Live, commune, 1, "officer", "captain"),
			rule(protocol.KindAlert, protocol.Drill, commune, 1, "officer"),
			rule(protocol.KindLocal, protocol.Live, commune, 1, "officer"),
			rule(protocol.KindLocal, protocol.Drill, commune, 1, "officer"),
			rule(protocol.KindPlan, protocol.Live, province, 1, "central"),
			rule(protocol.KindTime, protocol.Live, province, 1, "central"),
			rule(protocol.KindAck, protocol.Live, province, 1, "central"),
		},
	}, "admin2", "admin3")
}

// ruledBy is a key set by which one person may order everything.
func (w world) ruledBy(revision int64, name string) protocol.Envelope {
	ks := protocol.KeySet{
		Version: protocol.Version, Revision: revision, Issued: w.now.AddDate(0, -1, 0), Expires: w.now.AddDate(1, 0, 0), Persons: persons(name),
	}
	for _, kind := range []protocol.Kind{protocol.KindAlert, protocol.KindBulletin, protocol.KindLocal, protocol.KindPlan} {
		ks.Rules = append(ks.Rules, protocol.Rule{Kind: kind, Mode: protocol.Live, Scope: commune, Persons: []string{name}, Threshold: 1})
	}
	return sign(protocol.KindKeySet, protocol.Live, ks, "admin2", "admin3")
}

func (w world) placement() protocol.Envelope { return w.placementIn(1, commune) }

func (w world) placementIn(revision int64, commune string) protocol.Envelope {
	return sign(protocol.KindPlacement, protocol.Live, protocol.Placement{
		Version: protocol.Version, Revision: revision, Issued: w.now.AddDate(0, -1, 0),
		Cluster: clusterID, Board: public("board"), Areas: []string{province, commune}, Languages: []string{"vi", "hmn"},
	}, "admin2", "admin3")
}

func (w world) enrolment() protocol.Enrolment {
	return protocol.Enrolment{
		Version: protocol.Version, Cluster: clusterID, Root: w.root(), KeySet: w.keySet(1), Placement: w.placement(),
	}
}

func audio(name string) protocol.Audio {
	return protocol.Audio{SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(name))), Bytes: 1000, Samples: 48000}
}

// bulletin is routine, of the commune, valid for a month, and its audio is
// audio(id).
func (w world) bulletin(id string, change ...func(*protocol.Bulletin)) protocol.Envelope {
	b := protocol.Bulletin{
		Version: protocol.Version, ID: id, Revision: 1, Issued: w.now.Add(-time.Hour),
		NotBefore: w.now.Add(-time.Hour), NotAfter: w.now.AddDate(0, 1, 0), Title: "Bulletin " + id, Class: "routine",
		Areas: []string{commune}, Audio: []protocol.SpokenVersion{{Language: "vi", Audio: audio(id)}},
	}
	for _, f := range change {
		f(&b)
	}
	return sign(protocol.KindBulletin, protocol.Live, b, "officer")
}

// item plays a bulletin for at most ten minutes at a time of the world.
func item(id string, start time.Time, bulletin protocol.Envelope, change ...func(*protocol.Item)) protocol.Item {
	it := protocol.Item{
		ID: id, Class: "routine", Start: start.In(hanoi).Format(protocol.LocalTime), Seconds: 600, Late: 300,
		Parts: []protocol.Part{{Sources: []protocol.Source{{Bulletin: bulletin.Hash(), Language: "vi"}}}},
	}
	for _, f := range change {
		f(&it)
	}
	return it
}

var hanoi = time.FixedZone("+07", 7*3600)

// occurrence names an item at a time.
func occurrence(item string, start time.Time) string {
	return item + "@" + start.In(hanoi).Format(protocol.LocalTime)
}

func (w world) plan(revision int64, items ...protocol.Item) protocol.Envelope {
	return sign(protocol.KindPlan, protocol.Live, w.planDocument(revision, items...), "central")
}

func (w world) planDocument(revision int64, items ...protocol.Item) protocol.Plan {
	return protocol.Plan{
		Version: protocol.Version, Cluster: clusterID, Revision: revision, Issued: w.now.Add(-time.Minute),
		From: w.now.Add(-time.Minute), Until: w.now.AddDate(0, 0, 30), Zone: "Asia/Ho_Chi_Minh", Items: items,
	}
}

// tested is a plan with a self-test that may begin ten minutes late.
func (w world) tested(revision int64, at time.Time, items ...protocol.Item) protocol.Envelope {
	p := w.planDocument(revision, items...)
	p.SelfTest = &protocol.SelfTest{Start: at.In(hanoi).Format(protocol.TimeOfDay), Late: 600}
	return sign(protocol.KindPlan, protocol.Live, p, "central")
}

func announcement() protocol.Announcement {
	return protocol.Announcement{
		Hazard: "flood", Level: 3, Siren: protocol.Siren{Blasts: 2, Seconds: 10, Gap: 5}, Phrase: "flood",
		Messages:    []protocol.Message{{Language: "vi", Text: "Bà con lên chỗ cao ngay."}},
		Repetitions: 2, Pause: 20,
	}
}

// alertDocument is for the commune, valid for two hours, and sounds twice.
func (w world) alertDocument(id string, change ...func(*protocol.Alert)) protocol.Alert {
	a := protocol.Alert{
		Version: protocol.Version, ID: id, Sequence: 1, Audience: []string{commune},
		Issued: w.now.Add(-time.Second), Expires: w.now.Add(2 * time.Hour), Announcement: announcement(),
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func (w world) alert(id string, change ...func(*protocol.Alert)) protocol.Envelope {
	return sign(protocol.KindAlert, protocol.Live, w.alertDocument(id, change...), "officer")
}

func (w world) drill(id string) protocol.Envelope {
	return sign(protocol.KindAlert, protocol.Drill, w.alertDocument(id), "officer")
}

func (w world) cancel(id string) protocol.Envelope {
	return sign(protocol.KindCancel, protocol.Live, protocol.Cancel{
		Version: protocol.Version, Alert: id, Audience: []string{commune}, Issued: w.now,
	}, "captain")
}

func (w world) stop(id string, targets ...protocol.Target) protocol.Envelope {
	return sign(protocol.KindStop, protocol.Live, protocol.Stop{
		Version: protocol.Version, ID: id, Audience: []string{commune}, Issued: w.now, Targets: targets,
	}, "officer")
}

// local is what button plays: five minutes at most, valid for half a year.
func (w world) local(mode protocol.Mode, change ...func(*protocol.Local)) protocol.Envelope {
	l := protocol.Local{
		Version: protocol.Version, Input: "button", Audience: []string{commune}, Revision: 1,
		Issued: w.now.Add(-time.Hour), Expires: w.now.AddDate(0, 6, 0), Seconds: 300, Announcement: announcement(),
	}
	for _, f := range change {
		f(&l)
	}
	return sign(protocol.KindLocal, mode, l, "officer")
}

func (w world) time(boot string) protocol.Envelope {
	return sign(protocol.KindTime, protocol.Live, protocol.SignedTime{
		Version: protocol.Version, Cluster: clusterID, Boot: boot, Time: w.now,
	}, "central")
}

func ack(epoch string, sequence int64) protocol.Envelope {
	return sign(protocol.KindAck, protocol.Live, protocol.Ack{
		Version: protocol.Version, Cluster: clusterID, Epoch: epoch, Sequence: sequence,
	}, "central")
}
