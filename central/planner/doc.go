// Package planner turns programmes (bulletins at times, for areas) into what one
// cluster plays. It hides how a programme that is written once for an area
// becomes an item of every cluster's plan: which bulletins may be named, in
// which of the village's languages, and what to fall back on. The calendar
// itself is schedule's, the very code that the board runs.
package planner
