package web_test

import "time"

// Documents, as a client writes them. with changes some members; nil removes
// one.

type object map[string]any

func (o object) with(changes object) object {
	all := object{}
	for _, from := range []object{o, changes} {
		for k, v := range from {
			all[k] = v
		}
	}
	for k, v := range all {
		if v == nil {
			delete(all, k)
		}
	}
	return all
}

func bulletinOf(area string) object {
	now := time.Now().UTC().Truncate(time.Second)
	return object{
		"id": "ban-tin", "title": "Bản tin sáng", "class": "routine", "areas": []string{area}, "text": object{"vi": "Trời nắng."},
		"validFrom": now.Add(-time.Hour), "validUntil": now.Add(24 * time.Hour),
	}
}

func programmeOf(area string, bulletins ...string) object {
	return object{
		"id": "sang", "title": "Buổi sáng", "area": area, "class": "routine", "start": "2026-01-01T05:30:00", "rule": "FREQ=DAILY",
		"seconds": 600, "bulletins": bulletins,
	}
}

func alertOf(area string) object {
	return object{
		"mode": "live", "audience": []string{area}, "lifetimeSeconds": 3600, "hazard": "flood", "level": 3,
		"siren": object{"blasts": 2, "seconds": 10, "gap": 5}, "phrase": "flood", "repetitions": 3, "pause": 5,
		"messages": []object{{"language": "vi", "text": "Lũ đang lên."}},
	}
}
