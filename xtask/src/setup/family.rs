//! Families of systems that name their packages alike, and the names of what each need stands for.
//!
//! Lists and the reading of `/etc/os-release`; nothing is run or changed here.

use std::fs;

use super::Need;

/// Systems that name their packages alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Debian,
    Fedora,
    Arch,
    OtherLinux,
    MacOs,
    Windows,
}

/// The family of the system that this runs on.
pub fn family() -> Family {
    if cfg!(target_os = "macos") {
        Family::MacOs
    } else if cfg!(windows) {
        Family::Windows
    } else {
        family_of(&fs::read_to_string("/etc/os-release").unwrap_or_default())
    }
}

/// Reads `ID` and `ID_LIKE` of an os-release file (man 5 os-release).
fn family_of(os_release: &str) -> Family {
    let names = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches(['"', '\'']).split(' '));
    for name in names {
        match name {
            "debian" | "ubuntu" => return Family::Debian,
            "fedora" | "rhel" => return Family::Fedora,
            "arch" => return Family::Arch,
            _ => {}
        }
    }
    Family::OtherLinux
}

/// The packages of one need; none where the system brings it or nobody packages it.
pub fn packages(need: Need, family: Family) -> &'static [&'static str] {
    match family {
        Family::Debian => debian(need),
        Family::Fedora => fedora(need),
        Family::Arch => arch(need),
        Family::OtherLinux | Family::MacOs | Family::Windows => &[],
    }
}

pub fn debian(need: Need) -> &'static [&'static str] {
    match need {
        Need::Compiler => &[
            "build-essential",
            "cmake",
            "pkg-config",
            "libasound2-dev",
            "libssl-dev",
            // Reads the headers of V4L2, through which cameras are asked.
            "libclang-dev",
            // Assembles the fast parts of the video codec.
            "nasm",
        ],
        Need::WebView => &["libwebkit2gtk-4.1-dev", "librsvg2-dev"],
        Need::Screen => &[
            "xvfb",
            "webkit2gtk-driver",
            "dbus",
            "dbus-x11",
            "xdotool",
            "x11-utils",
            "imagemagick",
            "fonts-noto-core",
            "fonts-noto-color-emoji",
            "python3-dbus",
            "python3-gi",
        ],
        Need::Sound => &["pulseaudio", "pulseaudio-utils"],
        Need::Network => &["iproute2"],
        Need::Ui | Need::Nextest | Need::TauriDriver => &[],
    }
}

/// A path stands for whatever package brings that file.
fn fedora(need: Need) -> &'static [&'static str] {
    match need {
        Need::Compiler => &[
            "gcc",
            "gcc-c++",
            "make",
            "cmake",
            "pkgconf-pkg-config",
            "alsa-lib-devel",
            "openssl-devel",
            "clang-devel",
            "nasm",
        ],
        Need::WebView => &["webkit2gtk4.1-devel", "librsvg2-devel"],
        Need::Screen => &[
            "xorg-x11-server-Xvfb",
            "/usr/bin/WebKitWebDriver",
            "dbus-daemon",
            "xdotool",
            "/usr/bin/xwininfo",
            "/usr/bin/xprop",
            "ImageMagick",
            "google-noto-sans-fonts",
            "google-noto-color-emoji-fonts",
            "python3-dbus",
            "python3-gobject",
        ],
        Need::Sound => &["/usr/bin/pulseaudio", "pulseaudio-utils"],
        Need::Network => &["iproute"],
        Need::Ui | Need::Nextest | Need::TauriDriver => &[],
    }
}

fn arch(need: Need) -> &'static [&'static str] {
    match need {
        Need::Compiler => &["gcc", "make", "cmake", "pkgconf", "alsa-lib", "openssl", "clang", "nasm"],
        Need::WebView => &["webkit2gtk-4.1", "librsvg"],
        Need::Screen => &[
            "xorg-server-xvfb",
            "webkitgtk-6.0",
            "dbus",
            "xdotool",
            "xorg-xwininfo",
            "xorg-xprop",
            "imagemagick",
            "noto-fonts",
            "noto-fonts-emoji",
            "python-dbus",
            "python-gobject",
        ],
        Need::Sound => &["pulseaudio", "libpulse"],
        Need::Network => &["iproute2"],
        Need::Ui | Need::Nextest | Need::TauriDriver => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGED: [Need; 5] = [Need::Compiler, Need::WebView, Need::Screen, Need::Sound, Need::Network];

    #[test]
    fn the_server_wants_no_web_view_and_no_screen() {
        let names = debian(Need::Compiler);
        assert!(names.iter().all(|name| !name.contains("webkit")), "{names:?}");
        assert!(!names.contains(&"xvfb"));
    }

    #[test]
    fn every_family_names_packages_for_whatever_debian_packages() {
        for need in PACKAGED {
            for family in [Family::Debian, Family::Fedora, Family::Arch] {
                let names = packages(need, family);
                assert!(!names.is_empty(), "{family:?} lacks names for {need:?}");
            }
        }
    }

    #[test]
    fn derived_systems_are_known_by_what_they_are_like() {
        let mint = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n";
        assert_eq!(family_of(mint), Family::Debian);
        let rocky = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n";
        assert_eq!(family_of(rocky), Family::Fedora);
        assert_eq!(family_of("ID=manjaro\nID_LIKE=arch\n"), Family::Arch);
        assert_eq!(family_of("ID=nixos\n"), Family::OtherLinux);
    }
}
