package protocol_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"loa/controller/protocol"
)

func TestKeyFile(t *testing.T) {
	key := private("owner1")
	file, err := protocol.EncodeKeyFile(key)
	if err != nil {
		t.Fatal(err)
	}
	back, err := protocol.DecodeKeyFile(file)
	if err != nil || !back.Equal(key) {
		t.Fatalf("read back %v", err)
	}

	ecdsa, err := x509.MarshalPKCS8PrivateKey(authenticator("owner1"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":         {nil, "no private key in PEM"},
		"text":            {[]byte("my key"), "no private key in PEM"},
		"a public key":    {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key}), "no private key in PEM"},
		"cut off":         {file[:len(file)/2], "no private key in PEM"},
		"damaged":         {bytes.Replace(file, []byte("MC4C"), []byte("AAAA"), 1), "is damaged"},
		"of another kind": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: ecdsa}), "*ecdsa.PrivateKey, not an ed25519 key"},
	} {
		key, err := protocol.DecodeKeyFile(tt.data)
		if err == nil || key != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
