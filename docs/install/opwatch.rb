# A template of a formula for Homebrew, untested: address, URL and SHA-256 are those of the release's source distribution; `brew update-python-resources opwatch`
# writes the resources.
class Opwatch < Formula
  include Language::Python::Virtualenv

  desc "Wait for long-running API operations, with an exit code a script can trust"
  homepage "ADDRESS_OF_THE_PROJECT"
  url "URL_OF_THE_SOURCE_DISTRIBUTION"
  sha256 "SHA256_OF_THE_SOURCE_DISTRIBUTION"
  license "MIT"

  depends_on "libyaml"
  depends_on "python@3.13"

  def install
    virtualenv_install_with_resources
    bash_completion.install "completions/opwatch.bash" => "opwatch"
    zsh_completion.install "completions/_opwatch"
    fish_completion.install "completions/opwatch.fish"
    man1.install Dir["docs/man/*.1"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/opwatch --version")
    assert_match "8 of 8 outcomes", shell_output("#{bin}/opwatch demo --progress none 2>&1")
  end
end
