package planner

import (
	"hash/fnv"
	"time"

	"loa/controller/protocol"
	"loa/controller/schedule"
)

// Boards test themselves at night, while nobody listens, each at a time of its
// own: a province does not switch all its amplifiers in one minute.
const (
	testsFrom = 1 * time.Hour // local time of day
	testsFor  = 3 * time.Hour
	testLate  = 1 * time.Hour
	// testAside is how far a test keeps from programmes, testStep how far it is
	// moved for their sake.
	testAside = 2 * time.Minute
	testStep  = 10 * time.Minute
	testDays  = 8
)

// selfTest is when a cluster tests itself. Programmes come first anyway; where
// there is a time of the night at which the coming days have none, it is that.
func selfTest(plan protocol.Plan) *protocol.SelfTest {
	h := fnv.New32a()
	h.Write([]byte(plan.Cluster))
	own := time.Duration(h.Sum32()%uint32(testsFor/time.Second)) * time.Second
	at := own
	if calendar, err := schedule.NewCalendar(&plan, plan.From, plan.From.AddDate(0, 0, testDays+1)); err == nil {
		for n := range int(testsFor / testStep) {
			moved := (own + time.Duration(n)*testStep) % testsFor
			if free(calendar.All(), testsFrom+moved) {
				at = moved
				break
			}
		}
	}
	return &protocol.SelfTest{Start: time.Time{}.Add(testsFrom + at).Format(protocol.TimeOfDay), Late: int(testLate / time.Second)}
}

// free reports whether no occurrence has its slot around a time of the day.
func free(all []schedule.Occurrence, clock time.Duration) bool {
	for _, o := range all {
		year, month, day := o.Start.Date()
		test := time.Date(year, month, day, 0, 0, 0, 0, o.Start.Location()).Add(clock)
		for ; test.Before(o.End.Add(testAside)); test = test.AddDate(0, 0, 1) { // a slot may last into the next day
			if test.Add(schedule.SelfTestSlot + testAside).After(o.Start) {
				return false
			}
		}
	}
	return true
}
