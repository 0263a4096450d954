package pi

// PlaysOnlyTo judges the open files of any process.
var PlaysOnlyTo = playsOnlyTo
