package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"loa/controller/protocol"
)

// The province of the check: one commune with the cluster that is heard, another
// commune with one that must stay silent.
const (
	province     = "12"
	commune      = "03388"
	otherCommune = "03390"
	heard        = "muong-te-01"
	silent       = "thu-lum-01"
)

// The board's times, as its config says.
const (
	warmUp   = 800 * time.Millisecond
	tailTime = 500 * time.Millisecond
)

// score is what happens, in order.
type score struct {
	*stage
	*report
	agent   *process
	serving *process
	alsa    string
	boards  map[string]protocol.Key // by cluster

	news, long bulletin
}

// bulletin is one that was uploaded and approved.
type bulletin struct {
	id   string
	hash string  // of the station file
	pcm  []int16 // of the station file, by another decoder than the board's
	orig []int16 // of the file that was uploaded
}

func run(ctx context.Context, o options, r *report) (err error) {
	s := &score{report: r, boards: map[string]protocol.Key{}}
	if s.stage, err = newStage(o); err != nil {
		return err
	}
	defer func() { s.close(err != nil || r.failed > 0) }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if s.card, s.alsa, err = newCapture(s.dir); err != nil {
		return err
	}
	go func() { stop(s.card.run(ctx)) }()
	for _, step := range []func(context.Context) error{
		s.openServer, s.foundProvince, s.enrolBoards, s.uploadBulletins,
		s.bulletinSounds, s.alertCutsIn, s.drillIsADrill, s.stopSilences, s.receiptsStand, s.otherStaysSilent, s.capturedServer,
	} {
		if err := step(ctx); err != nil {
			return err
		}
		if o.first && r.failed > 0 {
			return nil
		}
	}
	return nil
}

// timed runs what must work for the rest to make sense.
func (s *score) timed(link string, do func() error) error {
	begun := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", link, err)
	}
	s.pass(link, "%.0f ms", milliseconds(time.Since(begun)))
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (s *score) openServer(ctx context.Context) error {
	return s.timed("central serves", func() error {
		var err error
		// Every movement of a relay is counted here, at whatever hour.
		serve := []string{"serve", "--no-self-tests", "--data", s.path("central"), "--api", "127.0.0.1:0", "--broker", "127.0.0.1:0", "--audio", "127.0.0.1:0"}
		for _, host := range s.hosts {
			serve = append(serve, "--host", host)
		}
		if s.serving, err = s.start("central", s.central, nil, serve...); err != nil {
			return err
		}
		err = until(ctx, "addresses", 20*time.Second, func() (bool, error) {
			data, err := os.ReadFile(s.path("central", "addresses.json"))
			if err != nil {
				return false, err
			}
			var at struct {
				API string `json:"api"`
			}
			err = json.Unmarshal(data, &at)
			s.server = strings.Replace(at.API, hostInGuest, "127.0.0.1", 1)
			return err == nil, err
		})
		if err != nil {
			return err
		}
		return s.trust()
	})
}

// foundProvince makes areas, people, their keys, the root and the key set.
func (s *score) foundProvince(ctx context.Context) error {
	return s.timed("root by 2 of 3 owners, key set by 2 administrators", func() error {
		areas := "code,parent,kind,name_vi,name_en\n12,,province,Lai Châu,Lai Chau\n" +
			commune + ",12,commune,Mường Tè,Muong Te\n" + otherCommune + ",12,commune,Thu Lũm,Thu Lum\n"
		if err := os.WriteFile(s.path("areas.csv"), []byte(areas), 0o600); err != nil {
			return err
		}
		if _, err := s.command(ctx, s.options.central, nil, "areas", "--data", s.path("central"), s.path("areas.csv")); err != nil {
			return err
		}
		token, err := s.command(ctx, s.options.central, nil, "token", "--data", s.path("central"), "--person", "admin-a", "--name", "Admin A", "--administrator", province)
		if err != nil {
			return err
		}
		s.tokens["admin-a"] = strings.TrimSpace(token)
		for _, name := range []string{"owner-a", "owner-b", "owner-c", "admin-a", "admin-b", "officer", "broadcaster", "stranger"} {
			if _, err := s.command(ctx, s.options.central, nil, "key", "new", s.path(name)); err != nil {
				return err
			}
		}
		if err := s.people(ctx); err != nil {
			return err
		}
		pub := func(name string) string { return name + "=" + s.path(name+".pub") }
		if _, err := s.command(ctx, s.options.central, nil, "key", "root", "--scope", province,
			"--owner", pub("owner-a"), "--owner", pub("owner-b"), "--owner", pub("owner-c"),
			"--admin", pub("admin-a"), "--admin", pub("admin-b"), "--out", s.path("root.json")); err != nil {
			return err
		}
		if _, err := s.command(ctx, s.options.central, nil, "sign", "file", "--yes",
			"--key", s.path("owner-a.key"), "--key", s.path("owner-b.key"), s.path("root.json")); err != nil {
			return err
		}
		if _, err := s.desk(ctx, "admin-a", "root", s.path("root.json")); err != nil {
			return err
		}
		_, err = s.desk(ctx, "admin-a", "keyset", "--yes", "--key", s.path("admin-a.key"), "--key", s.path("admin-b.key"))
		return err
	})
}

// people are registered with their roles, public keys and tokens. The
// administrator hangs the boards up too.
func (s *score) people(ctx context.Context) error {
	if err := s.call(ctx, "admin-a", "PUT", "/persons/admin-a/roles", map[string]any{"name": "technician", "area": province}, nil); err != nil {
		return err
	}
	for _, p := range []struct{ id, role, area string }{
		{"officer", "officer", commune}, {"broadcaster", "broadcaster", province},
	} {
		if err := s.call(ctx, "admin-a", "POST", "/persons", map[string]any{"id": p.id, "name": p.id}, nil); err != nil {
			return err
		}
		if err := s.call(ctx, "admin-a", "PUT", "/persons/"+p.id+"/roles", map[string]any{"name": p.role, "area": p.area}, nil); err != nil {
			return err
		}
		public, err := os.ReadFile(s.path(p.id + ".pub"))
		if err != nil {
			return err
		}
		if err := s.call(ctx, "admin-a", "POST", "/persons/"+p.id+"/keys", json.RawMessage(public), nil); err != nil {
			return err
		}
		var token struct {
			Text string `json:"text"`
		}
		if err := s.call(ctx, "admin-a", "POST", "/persons/"+p.id+"/tokens", map[string]any{"label": "check", "days": 1}, &token); err != nil {
			return err
		}
		s.tokens[p.id] = token.Text
	}
	return nil
}

// enrolBoards hangs both boards up: each makes its own key.
func (s *score) enrolBoards(ctx context.Context) error {
	for cluster, area := range map[string]string{heard: commune, silent: otherCommune} {
		if err := s.timed("enrolled by file: "+cluster, func() error { return s.enrol(ctx, cluster, area) }); err != nil {
			return err
		}
	}
	var err error
	if s.agent, err = s.startAgent(heard, "{kind: alsa}"); err != nil {
		return err
	}
	if _, err = s.startAgent(silent, fmt.Sprintf("{kind: sim, pcm: %q}", s.path(silent+".pcm"))); err != nil {
		return err
	}
	return s.timed("boards are online over TLS, with central's time", func() error {
		return until(ctx, "both boards online", 20*time.Second, func() (bool, error) {
			for _, cluster := range []string{heard, silent} {
				c, err := s.cluster(ctx, cluster)
				if err != nil || !c.Online || c.State == nil || c.State.Clock != protocol.ClockTrusted {
					return false, err
				}
			}
			return true, nil
		})
	})
}

type clusterNow struct {
	Online bool            `json:"online"`
	State  *protocol.State `json:"state"`
}

func (s *score) cluster(ctx context.Context, id string) (c clusterNow, err error) {
	return c, s.call(ctx, "admin-a", "GET", "/clusters/"+id, nil, &c)
}

func (s *score) enrol(ctx context.Context, cluster, area string) error {
	if err := s.call(ctx, "admin-a", "POST", "/clusters", map[string]any{
		"id": cluster, "name": "Cụm " + cluster, "area": area, "languages": []string{"vi"},
	}, nil); err != nil {
		return err
	}
	request := s.path(cluster + ".request")
	if _, err := s.command(ctx, s.options.agent, nil, "init", "--data", s.path(cluster), "--out", request); err != nil {
		return err
	}
	data, err := os.ReadFile(request)
	if err != nil {
		return err
	}
	opened, err := protocol.OpenEnrolRequest(data)
	if err != nil {
		return err
	}
	s.boards[cluster] = opened.Board
	if _, err := s.desk(ctx, "admin-a", "enrol", "--yes", "--cluster", cluster, "--key", s.path("admin-a.key"), "--key", s.path("admin-b.key"),
		"--out", s.path(cluster+".answer"), request); err != nil {
		return err
	}
	_, err = s.command(ctx, s.options.agent, nil, "enrol", "--data", s.path(cluster), s.path(cluster+".answer"))
	return err
}

func (s *score) trace(cluster string) string { return s.path(cluster + ".relay") }

func (s *score) startAgent(cluster, speaker string) (*process, error) {
	config := fmt.Sprintf(`data: %q
clock: central
outputs:
  - name: main
    relays:
      - {name: amplifier, kind: sim, trace: %q}
    speaker: %s
    warmUp: %v
    tail: %v
    longestOn: 1h
`, s.path(cluster), s.trace(cluster), speaker, warmUp, tailTime)
	path := s.path(cluster + ".yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return s.start(cluster, s.options.agent, []string{"ALSA_CONFIG_PATH=" + s.alsa}, "run", "--config", path)
}

// uploadBulletins makes speech, uploads it as mp3 and m4a, and approves it.
func (s *score) uploadBulletins(ctx context.Context) error {
	for _, b := range []struct {
		made         *bulletin
		id, ext      string
		text, signer string
		seconds      int
	}{
		{&s.news, "ban-tin-sang", "mp3", "Bản tin sáng của xã Mường Tè. Hôm nay trời nắng nhẹ, bà con đi làm nương chú ý giữ lửa.", "officer", 5},
		{&s.long, "huong-dan-vu-mua", "m4a", "Hướng dẫn vụ mùa. Bà con kiểm tra giống lúa, làm sạch mương nước, và theo dõi sâu bệnh trên lá. Cán bộ khuyến nông sẽ đến bản vào thứ tư hằng tuần để giúp bà con chọn phân bón.", "broadcaster", 8},
	} {
		if err := s.timed("uploaded and approved: "+b.id+"."+b.ext, func() error {
			file := s.path(b.id + "." + b.ext)
			if err := s.speak(ctx, b.text, file, b.seconds); err != nil {
				return err
			}
			return s.approve(ctx, b.made, b.id, file, b.signer)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (s *score) speak(ctx context.Context, text, file string, seconds int) error {
	wav := file + ".wav"
	if _, err := s.command(ctx, "espeak-ng", nil, "-v", "vi", "-s", "140", "-w", wav, text); err != nil {
		return err
	}
	_, err := s.command(ctx, "ffmpeg", nil, "-nostdin", "-v", "error", "-y", "-i", wav, "-t", fmt.Sprint(seconds), "-b:a", "96k", file)
	return err
}

func (s *score) approve(ctx context.Context, b *bulletin, id, file, signer string) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	var audio struct {
		SHA256 string `json:"sha256"`
	}
	if err := s.call(ctx, signer, "POST", "/audio?name="+id, f, &audio); err != nil {
		return err
	}
	now := time.Now()
	if err := s.call(ctx, signer, "POST", "/bulletins", map[string]any{
		"id": id, "title": id, "class": "routine", "areas": []string{commune}, "audio": map[string]string{"vi": audio.SHA256},
		"validFrom": now.Add(-time.Hour), "validUntil": now.Add(24 * time.Hour),
	}, nil); err != nil {
		return err
	}
	if _, err := s.desk(ctx, signer, "approve", "--yes", "--key", s.path(signer+".key"), id); err != nil {
		return err
	}
	b.id, b.hash = id, audio.SHA256
	if b.orig, err = decode(file, false); err != nil {
		return err
	}
	station := s.path(id + ".opus")
	if err := s.download(ctx, signer, "/audio/"+audio.SHA256+"/file", station); err != nil {
		return err
	}
	b.pcm, err = decode(station, true)
	return err
}

// programme puts a bulletin at a time soon, and waits until the board has it.
func (s *score) programme(ctx context.Context, id string, b bulletin, seconds int) (time.Time, error) {
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		return time.Time{}, err
	}
	at := time.Now().Add(2500 * time.Millisecond).Truncate(time.Second)
	return at, s.call(ctx, "broadcaster", "POST", "/programmes", map[string]any{
		"id": id, "title": id, "area": commune, "class": "routine", "order": 0,
		"start": at.In(zone).Format(protocol.LocalTime), "seconds": seconds, "late": 60, "bulletins": []string{b.id}, "noChime": true,
	}, nil)
}

var errNothing = errors.New("nothing was heard")
