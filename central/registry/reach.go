package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AllowRead is Allow for looking: it returns nil when at least one of the areas
// concerns the person. An area does when it lies in one where a role allows the
// action, or contains one, because what is meant for a province is meant for its
// communes. Codes that are no area concern nobody.
func (r *Registry) AllowRead(ctx context.Context, person string, action Action, codes ...string) error {
	mine, err := r.areasOf(ctx, person, action)
	if err != nil {
		return err
	}
	above := map[string]bool{}
	for _, area := range mine {
		path, err := r.Path(ctx, area)
		if err != nil {
			return err
		}
		for _, code := range path {
			above[code] = true
		}
	}
	for _, code := range codes {
		if above[code] {
			return nil
		}
		path, err := r.store.Path(ctx, code)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("area %q: %w", code, err)
		}
		if slices.ContainsFunc(path, func(c string) bool { return slices.Contains(mine, c) }) {
			return nil
		}
	}
	return &Denied{Person: person, Action: action, Areas: codes}
}

// Concerning lists by code every area for which AllowRead says yes, and whether
// that is all there are; *Denied when there is none.
func (r *Registry) Concerning(ctx context.Context, person string, action Action) (codes []string, all bool, err error) {
	mine, err := r.areasOf(ctx, person, action)
	if err != nil {
		return nil, false, err
	}
	areas, err := r.store.Areas(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("list areas: %w", err)
	}
	parent := make(map[string]string, len(areas))
	for _, a := range areas {
		parent[a.Code] = a.Parent
	}
	concerns := map[string]bool{}
	for _, code := range mine {
		for ; code != "" && !concerns[code]; code = parent[code] {
			concerns[code] = true
		}
	}
	for _, a := range areas {
		below := false
		for code := a.Code; code != "" && !below; code = parent[code] {
			below = slices.Contains(mine, code)
		}
		if below || concerns[a.Code] {
			codes = append(codes, a.Code)
		}
	}
	return codes, len(codes) == len(areas), nil
}

// areasOf are the areas in which a person has a role that allows the action;
// *Denied when there is none.
func (r *Registry) areasOf(ctx context.Context, person string, action Action) ([]string, error) {
	roles, err := r.rolesOf(ctx, person)
	if err != nil {
		return nil, err
	}
	var areas []string
	for _, role := range roles {
		if slices.Contains(granted[role.Name], action) {
			areas = append(areas, role.Area)
		}
	}
	if len(areas) == 0 {
		return nil, &Denied{Person: person, Action: action}
	}
	return areas, nil
}

// mostWhy bounds in bytes what a denial repeats of a request.
const mostWhy = 500

// NoteDenied writes into the audit chain that a person asked for an operation,
// as in POST /alerts, and was denied it.
func (r *Registry) NoteDenied(ctx context.Context, person, operation, why string) error {
	why = strings.ToValidUTF8(why[:min(len(why), mostWhy)], "")
	if err := r.store.AddDenied(ctx, person, operation, why); err != nil {
		return fmt.Errorf("note that %s was denied %s: %w", person, operation, err)
	}
	return nil
}
