package schedule

import "loa/controller/protocol"

// Class is the legal class of a bulletin (TT 39/2020/TT-BTTTT), and below them
// all the board's own silent self-test. The higher value wins the output.
type Class int

const (
	SelfTest  Class = iota + 1 // tự kiểm tra: unheard, when nothing else wants the output
	Routine                    // thông thường: in the commune's own schedule
	Priority                   // ưu tiên: before routine
	Emergency                  // khẩn cấp: at once, over everything
)

var classNames = map[Class]string{SelfTest: protocol.SelfTestID, Routine: "routine", Priority: "priority", Emergency: "emergency"}

// String is the word used on the wire: routine, priority, emergency; and
// self-test, which no document has as a class.
func (c Class) String() string { return classNames[c] }

// ParseClass is the inverse of String; ok is false for any other word.
func ParseClass(s string) (c Class, ok bool) {
	for c, name := range classNames {
		if name == s {
			return c, true
		}
	}
	return 0, false
}
