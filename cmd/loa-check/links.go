package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"time"

	"loa/controller/protocol"
)

func (s *score) download(ctx context.Context, person, path, to string) error {
	req, err := http.NewRequestWithContext(ctx, "GET", s.server+"/api/v1"+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.tokens[person])
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// playback waits until the relay of the heard cluster has closed and opened
// again, and returns what was heard and when.
type playback struct {
	closed, opened time.Duration // of the relay, CLOCK_MONOTONIC
	pcm            []int16       // from before the closing to behind the opening
	first          int           // index of pcm[0] in the capture
}

func (s *score) wholePlayback(ctx context.Context, since time.Duration, limit time.Duration) (p playback, err error) {
	var all []edge
	err = until(ctx, "relay closed and opened", limit, func() (bool, error) {
		all, err = edges(s.trace(heard), since)
		return len(all) >= 2 && !isClosed(all), err
	})
	p.closed, p.opened = closing(all), 0
	if err == nil {
		p.opened = all[len(all)-1].At
		// The pipe and the reader hold a little.
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return p, err
		}
	}
	p.pcm, p.first = s.card.since(since)
	return p, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// power judges relay against samples: nothing sounds before the warm-up is over,
// and the relay stays closed for the tail.
func (s *score) power(what string, p playback) {
	begin, end := loudFrom(p.pcm), loudTo(p.pcm)
	if begin < 0 {
		s.fail(what+": relay before sound", errNothing)
		return
	}
	warm := s.card.at(p.first+begin) - p.closed
	var err error
	if warm < warmUp || warm > warmUp+time.Second {
		err = fmt.Errorf("warm-up set to %v", warmUp)
	}
	s.judge(what+": relay closes before the first sample", err, "%.0f ms", milliseconds(warm))
	after := p.opened - s.card.at(p.first+end-1)
	err = nil
	// What is read last left the device up to a pipe's length earlier.
	if after < tailTime-150*time.Millisecond || after > tailTime+time.Second {
		err = fmt.Errorf("tail set to %v", tailTime)
	}
	s.judge(what+": relay opens after the tail", err, "%.0f ms", milliseconds(after))
}

// bulletinSounds: a bulletin, from upload to samples.
func (s *score) bulletinSounds(ctx context.Context) error {
	since := monotonic()
	at, err := s.programme(ctx, "sang", s.news, 20)
	if err != nil {
		return err
	}
	wall := time.Now()
	p, err := s.wholePlayback(ctx, since, 20*time.Second)
	if err != nil {
		s.fail("bulletin: plays at its time", err)
		return nil
	}
	late := p.closed - monotonic() + time.Since(wall) + wall.Sub(at)
	err = nil
	if late < 0 || late > 2*time.Second {
		err = errors.New("the relay did not close at the programme's time")
	}
	s.judge("bulletin: starts at its time", err, "relay %.0f ms after it", milliseconds(late))
	s.power("bulletin", p)
	m, err := match(s.news.pcm, 0, len(s.news.pcm), p.pcm)
	s.judge("bulletin: samples are the station file's", err, "%d segments, worst %.4f, level %+.2f dB", m.segments, m.worst, m.level)
	if err == nil && m.offset >= 0 {
		heard := p.pcm[m.offset:min(len(p.pcm), m.offset+len(s.news.orig))]
		like, spread := pearson(envelope(s.news.orig), envelope(heard))
		err = nil
		if like < 0.9 || spread > 1.5 {
			err = errors.New("the loudness envelope is not the uploaded file's by one linear gain")
		}
		s.judge("bulletin: loudness follows the uploaded file", err, "Pearson %.4f, gain constant within %.2f dB", like, spread)
	}
	return nil
}

// alertCutsIn: an alert of the commune cuts a bulletin, is cancelled, and the
// bulletin goes on where it was cut.
func (s *score) alertCutsIn(ctx context.Context) error {
	since := monotonic()
	if _, err := s.programme(ctx, "vu-mua", s.long, 60); err != nil {
		return err
	}
	if err := until(ctx, "second bulletin on air", 15*time.Second, func() (bool, error) {
		all, err := edges(s.trace(heard), since)
		return isClosed(all), err
	}); err != nil {
		s.fail("alert: there is a bulletin to cut", err)
		return nil
	}
	if err := pause(ctx, warmUp+3500*time.Millisecond); err != nil {
		return err
	}
	before := monotonic()
	out, err := s.desk(ctx, "officer", "alert", "--yes", "--key", s.path("officer.key"), "--area", commune, "--hazard", "flood", "--level", "3",
		"--siren", "1x4/0", "--repetitions", "3", "--pause", "2s", "--lifetime", "10m", "--message", "vi=Lũ đang lên nhanh. Bà con ven suối di chuyển lên chỗ cao ngay.")
	if err != nil {
		return err
	}
	subject := subjectOf(out)
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	if _, err := s.desk(ctx, "officer", "cancel", "--yes", "--key", s.path("officer.key"), subject); err != nil {
		return err
	}
	cancelled := monotonic()
	p, err := s.wholePlayback(ctx, since, 30*time.Second)
	if err != nil {
		s.fail("alert: the bulletin goes on and ends", err)
		return nil
	}
	s.power("alert in bulletin", p)
	s.judgeAlert(p, before, cancelled)
	all, err := edges(s.trace(heard), since)
	if err == nil && len(all) != 2 {
		err = fmt.Errorf("%d edges", len(all))
	}
	s.judge("alert: cuts in and out without switching the relay", err, "2 edges")
	return nil
}

func (s *score) judgeAlert(p playback, before, cancelled time.Duration) {
	at := siren(p.pcm)
	if at < 0 {
		s.fail("alert: siren", errNothing)
		return
	}
	took := s.card.at(p.first+at) - before
	var err error
	if took > 3*time.Second || took < 0 {
		err = errors.New("later than 3 s")
	}
	s.judge("alert: siren after the command was given", err, "%.0f ms, drafting and signing included", milliseconds(took))

	// The bulletin stands before the siren, and goes on behind it.
	whole := len(s.long.pcm)
	first, err := match(s.long.pcm, 0, 3*rate, p.pcm[:at])
	s.judge("alert: the bulletin sounded before it", err, "%d segments, worst %.4f", first.segments, first.worst)
	last, err2 := match(s.long.pcm, whole-3*rate, whole-rate/10, p.pcm)
	s.judge("alert: the bulletin goes on to its end", err2, "%d segments, worst %.4f", last.segments, last.worst)
	if err != nil || err2 != nil {
		return
	}
	cut := at - first.offset // of the bulletin, when the siren began
	resumed := behind(s.long.pcm, p.pcm, cut, last.offset)
	gap := float64(resumed-last.offset-cut) / rate
	err = nil
	if math.Abs(gap) > 0.3 {
		err = errors.New("not where it was cut")
	}
	s.judge("alert: the bulletin goes on where it was cut", err, "cut at %.2f s, %+.2f s from there", float64(cut)/rate, gap)
	back := s.card.at(p.first+resumed) - cancelled
	err = nil
	if back > 3*time.Second {
		err = errors.New("the cancel did not end it")
	}
	s.judge("alert: silent after the cancel, bulletin back", err, "%.0f ms", milliseconds(back))
}

// behind is where, in a recording, a file that lies at offset begins to be
// heard again, sought from shortly before the place at which it was cut: the
// first tenth of a second, from there on, that is the file's.
func behind(file, recording []int16, cut, offset int) int {
	const frame = rate / 10
	for i := max(0, cut-rate); i+frame <= len(file); i += frame / 10 {
		begin := offset + i
		if begin < 0 || begin+frame > len(recording) || rms(file[i:i+frame]) < floorRMS {
			continue
		}
		if correlation(file[i:i+frame], recording[begin:begin+frame]) > 0.95 {
			return begin
		}
	}
	return len(recording) - 1
}

// drillIsADrill: the built-in drill voice stands before and behind the siren.
func (s *score) drillIsADrill(ctx context.Context) error {
	since := monotonic()
	if _, err := s.desk(ctx, "officer", "alert", "--yes", "--drill", "--key", s.path("officer.key"), "--area", commune, "--hazard", "storm",
		"--siren", "1x2/0", "--repetitions", "1", "--lifetime", "5m", "--message", "vi=Diễn tập phòng chống bão.", "--audio", "vi="+s.news.hash); err != nil {
		return err
	}
	p, err := s.wholePlayback(ctx, since, 40*time.Second)
	if err != nil {
		s.fail("drill: sounds", err)
		return nil
	}
	s.power("drill", p)
	voice, err := decode(s.drillVoice, true)
	if err != nil {
		return err
	}
	at := siren(p.pcm)
	if at < 0 {
		s.fail("drill: siren", errNothing)
		return nil
	}
	before, err := match(voice, 0, len(voice), p.pcm[:at])
	s.judge("drill: announced as a drill before the siren", err, "%d segments, worst %.4f", before.segments, before.worst)
	said, err := match(s.news.pcm, 0, len(s.news.pcm), p.pcm[at:])
	s.judge("drill: says the message's own audio", err, "%d segments, worst %.4f", said.segments, said.worst)
	behind, err := match(voice, 0, len(voice), p.pcm[at+rate:])
	s.judge("drill: and as a drill behind it", err, "%d segments, worst %.4f", behind.segments, behind.worst)
	return nil
}

// stopSilences: what is on air ends, and does not start again.
func (s *score) stopSilences(ctx context.Context) error {
	since := monotonic()
	if _, err := s.programme(ctx, "lai", s.long, 60); err != nil {
		return err
	}
	if err := until(ctx, "third bulletin on air", 15*time.Second, func() (bool, error) {
		all, err := edges(s.trace(heard), since)
		return isClosed(all), err
	}); err != nil {
		s.fail("stop: there is a bulletin to stop", err)
		return nil
	}
	if err := pause(ctx, warmUp+1500*time.Millisecond); err != nil {
		return err
	}
	if _, err := s.desk(ctx, "officer", "stop", "--yes", "--key", s.path("officer.key"), "--area", commune); err != nil {
		return err
	}
	stopped := monotonic()
	p, err := s.wholePlayback(ctx, since, 6*time.Second)
	if err != nil {
		s.fail("stop: opens the relay", err)
		return nil
	}
	s.pass("stop: opens the relay", "%.0f ms after the command ended", milliseconds(p.opened-stopped))
	last := s.card.at(p.first + loudTo(p.pcm) - 1)
	err = nil
	if last-stopped > time.Second {
		err = errors.New("it went on")
	}
	if loudTo(p.pcm) == 0 {
		err = errNothing
	}
	s.judge("stop: silences what is on air", err, "last sample %.0f ms after the command ended", milliseconds(last-stopped))
	return nil
}

type receiptRow struct {
	Receipt  protocol.Receipt  `json:"receipt"`
	Envelope protocol.Envelope `json:"envelope"`
}

// receiptsStand: every fate is in central's API, signed by the board.
func (s *score) receiptsStand(ctx context.Context) error {
	wanted := map[protocol.Kind][]protocol.Fate{
		protocol.KindBulletin: {protocol.FateAccepted},
		protocol.KindCancel:   {protocol.FateAccepted},
		protocol.KindStop:     {protocol.FateAccepted},
		protocol.KindPlan:     {protocol.FateAccepted, protocol.FateStarted, protocol.FateCut, protocol.FateFinished, protocol.FateStopped},
		protocol.KindAlert:    {protocol.FateAccepted, protocol.FateStarted, protocol.FateStopped, protocol.FateFinished},
	}
	var rows []receiptRow
	err := until(ctx, "all receipts", 10*time.Second, func() (bool, error) {
		rows = nil
		if err := s.call(ctx, "admin-a", "GET", "/clusters/"+heard+"/receipts?limit=1000", nil, &rows); err != nil {
			return false, err
		}
		for kind, fates := range wanted {
			for _, fate := range fates {
				if !has(rows, kind, fate) {
					return false, fmt.Errorf("no receipt of a %s %s", kind, fate)
				}
			}
		}
		return true, nil
	})
	s.judge("receipts: every fate stands in central's API", err, "%d receipts", len(rows))
	verified, evidence := 0, 0
	err = nil
	for i, row := range rows {
		data, e := json.Marshal(row.Envelope)
		if e != nil {
			return e
		}
		r, _, e := protocol.OpenReceipt(data, s.boards[heard])
		if e != nil {
			err = fmt.Errorf("receipt %d: %w", row.Receipt.Sequence, e)
			break
		}
		if r.Sequence != int64(i+1) || r.Cluster != heard || r.Order != row.Receipt.Order {
			err = fmt.Errorf("receipt %d stands as number %d", r.Sequence, i+1)
			break
		}
		verified++
		if ev := r.Evidence; r.Fate == protocol.FateFinished {
			if ev == nil || ev.RelayClosed == nil || ev.FirstSample == nil || ev.Samples == 0 || len(ev.Sources) == 0 {
				err = fmt.Errorf("receipt %d has no evidence", r.Sequence)
				break
			}
			evidence++
		}
	}
	s.judge("receipts: verify against the board's key, none missing", err, "%d verified, %d with evidence of a whole playback", verified, evidence)
	return nil
}

func has(rows []receiptRow, kind protocol.Kind, fate protocol.Fate) bool {
	for _, r := range rows {
		if r.Receipt.Kind == kind && r.Receipt.Fate == fate {
			return true
		}
	}
	return false
}

// otherStaysSilent: the cluster of another commune had no order, and no edge.
func (s *score) otherStaysSilent(ctx context.Context) error {
	all, err := edges(s.trace(silent), 0)
	if err == nil && len(all) > 0 {
		err = errors.New("its relay moved")
	}
	if info, e := os.Stat(s.path(silent + ".pcm")); e == nil && info.Size() > 0 {
		err = errors.New("it was given samples")
	}
	if c, e := s.cluster(ctx, silent); e != nil || !c.Online {
		err = errors.Join(err, e, errors.New("it is not even online"))
	}
	s.judge("the other commune's cluster stays silent", err, "%d edges, online", len(all))
	return nil
}

// subjectOf reads the subject of the order that a command printed last.
func subjectOf(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	subject, _, _ := strings.Cut(lines[len(lines)-1], " ")
	return subject
}
