package protocol_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loa/controller/protocol"
)

// signerOf is who signs what the fuzzer makes of a kind's document, so that it
// comes past the signatures.
var signerOf = map[protocol.Kind][]string{
	protocol.KindRoot: {"owner1", "owner2"}, protocol.KindKeySet: {"admin1", "admin2"}, protocol.KindPlacement: {"admin1", "admin2"},
	protocol.KindTime: {"central"}, protocol.KindAck: {"central"}, protocol.KindPlan: {"central"},
	protocol.KindBulletin: {"broadcaster"}, protocol.KindAlert: {"wide1", "wide2"}, protocol.KindLocal: {"passkey:keeper"},
	protocol.KindStop: {"wide1", "broadcaster"}, protocol.KindCancel: {"wide1"},
	protocol.KindReceipt: {"board"}, protocol.KindEnrol: {"board"},
}

// FuzzOpen opens bytes of every kind, as they are and as a document that its
// persons signed, on a board that holds trust, on one that is being enrolled,
// and on one that does not know the time. Whatever is accepted is the same
// order when it is written anew, and with any one byte of its payload changed
// it is not accepted; whatever is refused is refused with a reason.
func FuzzOpen(f *testing.F) {
	files, err := filepath.Glob(goldens + "/*/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no golden files", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "", 40, byte(1))
		if e, kind, mode, err := protocol.DecodeEnvelope(data); err == nil {
			f.Add(e.Payload, orderName(kind, mode), -1, byte(0x20))
		}
	}
	placed := newWorld(f)
	worlds := []*world{placed, {Known: protocol.Known{BoardKey: placed.BoardKey, Enrolling: true}, Clock: placed.Clock}, {Known: placed.Known}}
	worlds[2].Floor = now.Add(time.Hour)
	f.Fuzz(func(t *testing.T, data []byte, sign string, at int, flip byte) {
		if kind, mode, err := protocol.ParsePayloadType("application/vnd.loa." + sign + ".v1+json"); err == nil {
			data = sealedRaw(protocol.PayloadType(kind, mode), data, signerOf[kind]...)
		}
		for _, w := range worlds {
			if o := judged(t, w, data); o != nil && flip != 0 {
				e := opened(data)
				at := ((at % len(e.Payload)) + len(e.Payload)) % len(e.Payload)
				e.Payload[at] ^= flip
				if o, err := w.open(encode(e)); err == nil {
					t.Fatalf("accepted with a changed byte: %+v", o)
				}
			}
		}
		_, _, err := protocol.OpenReceipt(data, public("board"))
		_, err2 := protocol.OpenEnrolRequest(data)
		_, err3 := protocol.DecodeMessage[protocol.Hello](data)
		_, err4 := protocol.DecodeMessage[protocol.Resync](data)
		_, err5 := protocol.DecodeMessage[protocol.State](data)
		_, err6 := protocol.DecodeMessage[protocol.Telemetry](data)
		_, err7 := protocol.DecodeMessage[protocol.Enrolment](data)
		for i, err := range []error{err, err2, err3, err4, err5, err6, err7} {
			if err != nil && protocol.ReasonOf(err) == "" {
				t.Fatalf("reader %d refused without a reason: %v", i, err)
			}
		}
	})
}

// judged opens data and checks what holds of every answer.
func judged(t *testing.T, w *world, data []byte) *protocol.Order {
	o, err := w.open(data)
	if err != nil {
		if protocol.ReasonOf(err) == "" || len(err.Error()) > 1000 {
			t.Fatalf("refused with %v", err)
		}
		return nil
	}
	if len(o.Persons) == 0 {
		t.Fatal("accepted from nobody")
	}
	again, err := w.open(encode(o.Envelope))
	if err != nil || again.Hash != o.Hash || again.Subject != o.Subject {
		t.Fatalf("written anew it is %+v, %v", again, err)
	}
	if back, err := protocol.Recall(data, o.Hash); err != nil || back.Subject != o.Subject {
		t.Fatalf("recalled as %+v, %v", back, err)
	}
	// Its document, written anew, is one that is accepted too, and the same.
	anew := sealedRaw(o.Envelope.PayloadType, encode(o.Document))
	if back, err := protocol.Recall(anew, hashOf(anew)); err != nil || back.Subject != o.Subject || back.Revision != o.Revision {
		t.Fatalf("its document, written anew, is %+v, %v", back, err)
	}
	return o
}

// alertNames are the names that each object of anAlert's document knows, in the
// order in which the objects begin.
var alertNames = [][]string{
	{"version", "id", "sequence", "audience", "issued", "expires", "hazard", "level", "siren", "phrase", "messages", "repetitions", "pause"},
	{"blasts", "seconds", "gap"},
	{"language", "text", "audio"},
	{"sha256", "bytes", "samples"},
	{"language", "text", "audio"},
}

// FuzzDecode puts a member of any name into any object of a document: it is
// refused when the name is known there, or differs from a known one by case
// only, and ignored otherwise. And whatever envelope Decode accepts means the
// same to encoding/json, which is not so strict.
func FuzzDecode(f *testing.F) {
	document := encode(anAlert())
	if n := bytes.Count(document, []byte("{")); n != len(alertNames) {
		f.Fatalf("the document has %d objects", n)
	}
	for i, names := range alertNames {
		for _, name := range names {
			f.Add(name, i, []byte(nil))
			f.Add(strings.ToUpper(name[:1])+name[1:], i, []byte(nil))
			f.Add(strings.ReplaceAll(name, "s", "\u017f"), i, []byte(nil))
			f.Add(name+"\u200b", i, []byte(nil))
		}
	}
	f.Add("keyid", 0, sealed(protocol.KindLocal, protocol.Live, aLocal(), "passkey:keeper"))
	f.Add("", 1, []byte(`{"payloadType":"t","payload":"","signatures":[{"keyid":"k","sig":"AA=="}]}`))
	f.Fuzz(func(t *testing.T, name string, place int, envelope []byte) {
		name = strings.ToValidUTF8(name, "?")
		place = ((place % len(alertNames)) + len(alertNames)) % len(alertNames)
		spoilt := insertMember(document, place, append(encode(name), ":[]"...))
		want := true
		for _, known := range alertNames[place] {
			want = want && !strings.EqualFold(known, name)
		}
		a, err := protocol.Decode[protocol.Alert](spoilt)
		if (err == nil) != want {
			t.Fatalf("%s: %v", spoilt, err)
		}
		if err == nil && !bytes.Equal(encode(a), document) {
			t.Fatalf("%s is read as %s", spoilt, encode(a))
		}

		e, err := protocol.Decode[protocol.Envelope](envelope)
		if err != nil {
			return
		}
		var loose protocol.Envelope
		if err := json.Unmarshal(envelope, &loose); err != nil || !bytes.Equal(encode(e), encode(loose)) {
			t.Fatalf("%q is read as %s, and by the standard library as %s, %v", envelope, encode(e), encode(loose), err)
		}
	})
}

// insertMember puts a member first into the n-th object of a text.
func insertMember(data []byte, n int, member []byte) []byte {
	at := 0
	for range n + 1 {
		at += bytes.IndexByte(data[at:], '{') + 1
	}
	out := append(bytes.Clone(data[:at]), member...)
	return append(append(out, ','), data[at:]...)
}
