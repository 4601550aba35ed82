//! How pictures are coded on a given link: from what the reports say to bits, size and rate. Pure; time is an argument.
//!
//! Voice comes first: a link that has a queue loses its picture before a voice is late. Bits fall at once and fast, but
//! not below what came, as in draft-ietf-rmcat-gcc-02, section 5.5; they come back slowly near to where they last were too
//! many, and faster below and above. Loss alone, without a queue, says little on a radio link: it lowers the rate to what
//! can be repaired and no further. The steps follow the bits: down at once, up after a calm while.

use std::time::Duration;

use super::{codec::Hint, picture::Size};

/// What the net knows of the way to the watchers; of several, the worst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoLink {
    /// Share of packets that were lost or came too late, 0 to 1, smoothed over a second or more.
    pub loss: f32,
    /// Round trip in ms.
    pub rtt_ms: u32,
    /// How much longer than the quickest the last pictures took, in ms.
    pub queued_ms: u32,
    /// What of the pictures came lately, in kbit/s, where it is known.
    pub came_kbit_s: Option<u32>,
    /// Goes through a relay or over TCP, where whatever is lost holds up what follows.
    pub relayed: bool,
}

/// How good the picture is. The sizes are frames into which a picture of any proportions is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// No picture: the link has enough for a voice at most.
    None,
    /// 320x240, 5 a second: nearly a still.
    Still,
    /// 320x240, 15 a second.
    Tiny,
    /// 480x360, 20 a second.
    Small,
    /// 640x480, 30 a second.
    Medium,
    /// 1280x720, 30 a second.
    Large,
}

impl Step {
    const ALL: [Self; 6] = [Self::None, Self::Still, Self::Tiny, Self::Small, Self::Medium, Self::Large];

    /// Bits a second from which on it looks better than the step below.
    const fn least(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Still => 40_000,
            Self::Tiny => 90_000,
            Self::Small => 180_000,
            Self::Medium => 300_000,
            Self::Large => 900_000,
        }
    }

    /// Bits a second beyond which nobody sees a difference.
    const fn most(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Still => 100_000,
            Self::Tiny => 250_000,
            Self::Small => 500_000,
            Self::Medium => 1_200_000,
            Self::Large => 2_500_000,
        }
    }

    fn above(self) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step > self)
    }

    /// The best one for so many bits.
    fn of(bits: u32) -> Self {
        Self::ALL.into_iter().rfind(|step| step.least() <= bits).unwrap_or(Self::None)
    }

    /// Width, height and pictures a second.
    const fn shape(self, hint: Hint) -> Option<(u32, u32, u32)> {
        match (self, hint) {
            (Self::None, _) => None,
            (Self::Still, Hint::Camera) => Some((320, 240, 5)),
            (Self::Tiny, Hint::Camera) => Some((320, 240, 15)),
            (Self::Small, Hint::Camera) => Some((480, 360, 20)),
            (Self::Medium, Hint::Camera) => Some((640, 480, 30)),
            (Self::Large, Hint::Camera) => Some((1_280, 720, 30)),
            // Text that is scaled can't be read, so time is saved first.
            (Self::Still, Hint::Screen) => Some((640, 480, 2)),
            (Self::Tiny, Hint::Screen) => Some((960, 540, 3)),
            (Self::Small, Hint::Screen) => Some((1_280, 720, 5)),
            (Self::Medium, Hint::Screen) => Some((1_280, 720, 10)),
            (Self::Large, Hint::Screen) => Some((1_920, 1_080, 15)),
        }
    }

    /// The highest that is of use for pictures of this size.
    pub fn for_size(size: Size) -> Self {
        if size.luma() > Size::VGA.luma() { Self::Large } else { Self::Medium }
    }
}

/// What the corridor does at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which.
    pub step: Step,
    /// Pictures are fitted into this; none are sent if there is none.
    pub frame: Option<Size>,
    /// Pictures a second.
    pub rate: u32,
    /// Bits a second, without headers.
    pub bits: u32,
}

/// What is done with so many bits a second at a step.
pub fn plan(step: Step, bits: u32, hint: Hint) -> Plan {
    let (width, height, rate) = step.shape(hint).unwrap_or_default();
    Plan { step, frame: Size::new(width, height).ok(), rate, bits: bits.min(step.most()) }
}

/// Of what came through a way that was filled, what may be used: the queue is to go, too.
const USABLE: f64 = 0.85;
/// At the start, when nothing is known.
const FIRST: f64 = 500_000.0;
/// Through a relay or over TCP.
const MOST_RELAYED: f64 = 300_000.0;
/// Where many packets get lost without a queue: more bits would only be more to repair. From `MUCH` on, down to none at
/// `TOO_MUCH`.
const MOST_LOSSY: f64 = 500_000.0;
/// A round trip so many ms above the shortest is a queue; so many, one that a voice suffers from.
const QUEUE: f64 = 80.0;
const LONG_QUEUE: f64 = 200.0;
/// Below this, loss is chance; from the second on it is much, and from the third on too much for any picture.
const LITTLE: f32 = 0.02;
const MUCH: f32 = 0.10;
const TOO_MUCH: f32 = 0.30;
/// What is left of the bits after a second of congestion.
const FALL: f64 = 0.35;
/// What becomes of them in a calm second: near to where they were too many, and elsewhere.
const SLOW_RISE: f64 = 1.08;
const RISE: f64 = 1.3;
/// Near, as shares of what was too many. Whoever gets above it has a wider way than before.
const NEAR: std::ops::Range<f64> = 0.7..1.25;
/// A higher step wants so much more than its least.
const MARGIN: f64 = 1.2;
/// How long nothing bad may have happened before a higher step, and before a picture at all.
const CALM: Duration = Duration::from_secs(2);
const LONG_CALM: Duration = Duration::from_secs(5);
/// The shortest round trip is forgotten by so many ms a second: ways change.
const FORGOTTEN: f64 = 1.0;
/// A report counts for at most this long.
const LONGEST_GAP: f64 = 1.0;

/// Follows one link.
#[derive(Clone, Debug)]
pub struct Adapter {
    bits: f64,
    step: Step,
    highest: Step,
    shortest: Option<f64>,
    /// At the last report, ms.
    queue: f64,
    /// So many bits were too many.
    too_many: Option<f64>,
    heard: Option<Duration>,
    /// When something bad was last heard, or the step changed.
    stirred: Duration,
}

impl Adapter {
    /// Begins in the middle; never goes above `highest`.
    pub fn new(highest: Step) -> Self {
        let step = Step::Medium.min(highest);
        Self {
            bits: FIRST,
            step,
            highest,
            shortest: None,
            queue: 0.0,
            too_many: None,
            heard: None,
            stirred: Duration::ZERO,
        }
    }

    /// Never above this from here on.
    pub fn set_highest(&mut self, highest: Step) {
        self.highest = highest;
        self.step = self.step.min(highest);
    }

    /// What is done at present.
    pub fn plan(&self, hint: Hint) -> Plan {
        plan(self.step, self.bits as u32, hint)
    }

    /// Takes a report that came at `now`, on any clock that doesn't go back. Call it with every report.
    pub fn hear(&mut self, link: VideoLink, now: Duration) {
        let gap = self.heard.map_or(0.5, |heard| now.saturating_sub(heard).as_secs_f64()).min(LONGEST_GAP);
        self.heard = Some(now);
        let queue = self.queue_of(f64::from(link.rtt_ms), gap).max(f64::from(link.queued_ms));
        // A report is a peer's word: whatever isn't a share counts as none.
        let loss = if link.loss.is_finite() { link.loss.clamp(0.0, 1.0) } else { 0.0 };
        // A queue that gets shorter says that the bits are few enough by now.
        let is_shrinking = queue < std::mem::replace(&mut self.queue, queue);
        if queue > LONG_QUEUE || loss > TOO_MUCH || (loss > MUCH && queue > QUEUE) {
            if !is_shrinking || loss > TOO_MUCH {
                self.fall(link.came_kbit_s, gap);
            }
            self.stirred = now;
        } else if loss > MUCH {
            let most = MOST_LOSSY * f64::from((TOO_MUCH - loss) / (TOO_MUCH - MUCH));
            self.bits = self.bits.min((self.bits * FALL.powf(gap)).max(most));
        } else if queue < QUEUE && loss <= LITTLE {
            self.rise(gap);
        }
        if link.relayed {
            self.bits = self.bits.min(MOST_RELAYED);
        }
        self.bits = self.bits.clamp(f64::from(Step::Still.least()) / 2.0, f64::from(self.highest.most()));
        self.choose(now);
    }

    /// Fast, but not below what came through.
    fn fall(&mut self, came_kbit_s: Option<u32>, gap: f64) {
        let came = came_kbit_s.map_or(0.0, |kbit_s| f64::from(kbit_s) * 1_000.0 * USABLE);
        self.bits = self.bits.min((self.bits * FALL.powf(gap)).max(came));
        self.too_many = Some(self.bits / USABLE);
    }

    fn rise(&mut self, gap: f64) {
        let is_near = self.too_many.is_some_and(|too_many| NEAR.contains(&(self.bits / too_many)));
        self.bits *= if is_near { SLOW_RISE } else { RISE }.powf(gap);
    }

    /// How much longer than the shortest the round trip is, ms.
    fn queue_of(&mut self, rtt: f64, gap: f64) -> f64 {
        let shortest = self.shortest.map_or(rtt, |shortest| (shortest + FORGOTTEN * gap).min(rtt));
        self.shortest = Some(shortest);
        rtt - shortest
    }

    fn choose(&mut self, now: Duration) {
        let deserved = Step::of(self.bits as u32);
        let calm = now.saturating_sub(self.stirred);
        if deserved < self.step {
            self.step = deserved;
            self.stirred = now;
            return;
        }
        let Some(above) = self.step.above().filter(|above| *above <= self.highest) else { return };
        let patience = if self.step == Step::None { LONG_CALM } else { CALM };
        if calm >= patience && self.bits >= f64::from(above.least()) * MARGIN {
            self.step = above;
            self.stirred = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: VideoLink = VideoLink { loss: 0.0, rtt_ms: 60, queued_ms: 0, came_kbit_s: None, relayed: false };

    /// Two reports a second.
    fn after(adapter: &mut Adapter, from: u64, seconds: u64, link: impl Fn(f64) -> VideoLink) -> Vec<Plan> {
        let plans = (0..2 * seconds).map(|half| {
            let now = Duration::from_millis(from * 1_000 + half * 500);
            adapter.hear(link(f64::from(adapter.plan(Hint::Camera).bits)), now);
            adapter.plan(Hint::Camera)
        });
        plans.collect()
    }

    #[test]
    fn every_step_is_one_that_can_be_coded() {
        for hint in [Hint::Camera, Hint::Screen] {
            for step in Step::ALL {
                let plan = plan(step, u32::MAX, hint);
                assert_eq!(plan.frame.is_none(), step == Step::None, "{step:?}");
                assert!(plan.bits >= step.least(), "{step:?}");
            }
        }
        let shapes: Vec<_> = Step::ALL.into_iter().filter_map(|step| step.shape(Hint::Camera)).collect();
        assert_eq!(shapes, [(320, 240, 5), (320, 240, 15), (480, 360, 20), (640, 480, 30), (1_280, 720, 30)]);
    }

    #[test]
    fn a_good_link_comes_to_the_highest_step_and_no_further() {
        let mut adapter = Adapter::new(Step::Large);
        let plans = after(&mut adapter, 0, 60, |_| GOOD);
        assert_eq!(plans[0].step, Step::Medium);
        assert_eq!(plans[119], plan(Step::Large, 2_500_000, Hint::Camera));
        let mut small = Adapter::new(Step::Medium);
        assert_eq!(after(&mut small, 0, 60, |_| GOOD)[119], plan(Step::Medium, 1_200_000, Hint::Camera));
    }

    /// What comes of bits on a way of 300 kbit/s, of which a voice has 40, behind a queue of a second that loses what it
    /// has no room for. `queue` is in ms.
    fn narrow(bits: f64, queue: &std::cell::Cell<f64>) -> VideoLink {
        let over = (bits + 40_000.0) / 300_000.0 - 1.0;
        let is_full = queue.get() >= 1_000.0;
        queue.set((queue.get() + over * 500.0).clamp(0.0, 1_000.0));
        let loss = if is_full && over > 0.0 { over / (over + 1.0) } else { 0.0 };
        let queued_ms = queue.get() as u32;
        let came = bits.min(260_000.0) / 1_000.0;
        VideoLink { rtt_ms: 60 + queued_ms, queued_ms, loss: loss as f32, came_kbit_s: Some(came as u32), ..GOOD }
    }

    #[test]
    fn a_way_that_narrows_is_followed_within_seconds_and_found_wide_again() {
        let mut adapter = Adapter::new(Step::Large);
        after(&mut adapter, 0, 60, |_| GOOD);
        let queue = std::cell::Cell::default();
        let plans = after(&mut adapter, 60, 30, |bits| narrow(bits, &queue));
        assert!(plans[6].bits < 300_000, "after 3 s: {:?}", plans[6]);
        let bits: Vec<u32> = plans.iter().map(|plan| plan.bits).collect();
        assert!(bits[10..].iter().all(|bits| (100_000..330_000).contains(bits)), "{bits:?}");
        let back = after(&mut adapter, 90, 60, |_| GOOD);
        assert!(back[4].step <= Step::Medium, "back too fast: {:?}", back[4]);
        assert!(back[30].step >= Step::Medium, "after 15 s: {:?}", back[30]);
        assert_eq!(back.last().map(|plan| plan.step), Some(Step::Large), "it never came back");
    }

    #[test]
    fn a_narrow_way_has_a_queue_for_a_small_part_of_the_time() {
        let mut adapter = Adapter::new(Step::Large);
        let queue = std::cell::Cell::default();
        let queues = std::cell::RefCell::new(Vec::new());
        after(&mut adapter, 0, 120, |bits| {
            let link = narrow(bits, &queue);
            queues.borrow_mut().push(link.queued_ms);
            link
        });
        // The first ten seconds are for finding out.
        let long = queues.borrow()[20..].iter().filter(|queue| **queue > 200).count();
        assert!(long < 44, "a fifth of 220 and more: {long}");
    }

    #[test]
    fn where_a_voice_has_no_room_the_picture_goes_and_comes_back_step_by_step() {
        let mut adapter = Adapter::new(Step::Large);
        let filled = VideoLink { queued_ms: 400, came_kbit_s: Some(0), ..GOOD };
        let plans = after(&mut adapter, 0, 10, |_| filled);
        assert_eq!(plans[19].step, Step::None);
        let early = after(&mut adapter, 10, 4, |_| GOOD);
        assert_eq!(early[7].step, Step::None, "it must have been calm for a while");
        let later = after(&mut adapter, 14, 60, |_| GOOD);
        assert!(later.windows(2).all(|two| two[0].step <= two[1].step), "up, step by step");
        assert!(later[40].step >= Step::Medium, "after 24 s: {:?}", later[40]);
        assert_eq!(later[119].step, Step::Large);
    }

    #[test]
    fn loss_without_a_queue_costs_bits_and_not_the_picture() {
        let mut adapter = Adapter::new(Step::Large);
        after(&mut adapter, 0, 60, |_| GOOD);
        let plans = after(&mut adapter, 60, 60, |_| VideoLink { loss: 0.15, ..GOOD });
        assert_eq!(plans[119].step, Step::Medium);
        assert!((370_000..=380_000).contains(&plans[119].bits), "{:?}", plans[119]);
        let worse = after(&mut adapter, 120, 30, |_| VideoLink { loss: 0.2, ..GOOD });
        assert_eq!(worse[59].step, Step::Small, "small pictures are soon repaired");
        let unusable = after(&mut adapter, 150, 30, |_| VideoLink { loss: 0.5, ..GOOD });
        assert_eq!(unusable[59].step, Step::None, "half of it lost is a voice's affair alone");
    }

    #[test]
    fn a_relayed_way_has_at_most_300_kbit() {
        let mut adapter = Adapter::new(Step::Large);
        let plans = after(&mut adapter, 0, 60, |_| VideoLink { relayed: true, ..GOOD });
        assert!(plans.iter().all(|plan| plan.bits <= 300_000 && plan.step <= Step::Medium));
    }

    #[test]
    fn whatever_a_report_says_the_plan_stays_within_bounds() {
        let mut adapter = Adapter::new(Step::Large);
        let losses = [f32::NAN, f32::INFINITY, -1.0, 0.0, 0.2, 1.0, 7.0];
        for (at, loss) in losses.into_iter().cycle().take(500).enumerate() {
            let rtt_ms = [0, 60, u32::MAX][at % 3];
            let came_kbit_s = [None, Some(0), Some(u32::MAX)][at % 3];
            let queued_ms = rtt_ms;
            // Time may even stand still.
            adapter.hear(
                VideoLink { loss, rtt_ms, queued_ms, came_kbit_s, relayed: at % 5 == 0 },
                Duration::from_secs(at as u64 / 2),
            );
            assert!(adapter.plan(Hint::Screen).bits <= 2_500_000);
        }
    }
}
