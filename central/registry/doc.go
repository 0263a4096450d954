// Package registry knows the province: its areas, the clusters that stand in
// them with their boards, the people with their public keys and tokens, and
// who may do what where. It hides how areas contain each other and what a role
// allows: every other room asks Registry.Allow.
//
// It never holds a person's private key, nor a password: only what a password can
// be tried against. What boards believe about persons and
// places is not this registry but the signed key set and placement, which
// administrators make from it.
package registry
