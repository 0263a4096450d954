package main

import "fmt"

// say prints what a demo's set-up has done, for the person who waits for it.
func say(step string) { fmt.Println("demo:", step) }
