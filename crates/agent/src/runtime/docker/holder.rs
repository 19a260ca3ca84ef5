//! What holds the network of an `awsvpc` task open: a program that sleeps for ever.
//!
//! Nothing is pulled for it. The executable is a header and a few machine instructions, written here and handed to the
//! engine as an image of one file. It needs no C library, no shell and no rights.

/// The file's name in the image.
pub(super) const PROGRAM: &str = "/hold";

/// Where the program lies in memory.
const BASE: u64 = 0x40_0000;
const ELF_HEADER: u16 = 64;
const PROGRAM_HEADER: u16 = 56;
/// As large as the largest pages that either processor has.
const ALIGNMENT: u64 = 0x1_0000;

const X86_64: u16 = 62;
const AARCH64: u16 = 183;

/// `pause` (34), again and again.
const SLEEP_X86_64: [u8; 9] = [
    0xb8, 34, 0, 0, 0, // mov eax, 34
    0x0f, 0x05, // syscall
    0xeb, 0xf7, // jmp to the beginning
];

/// `ppoll` (73) of nothing without a timeout, again and again: this processor has no `pause`.
const SLEEP_AARCH64: [u32; 8] = [
    0xd280_0000, // mov x0, 0
    0xd280_0001, // mov x1, 0
    0xd280_0002, // mov x2, 0
    0xd280_0003, // mov x3, 0
    0xd280_0004, // mov x4, 0
    0xd280_0928, // mov x8, 73
    0xd400_0001, // svc 0
    0x17ff_fff9, // b to the beginning
];

/// The executable for a processor, as ECS names it.
pub(super) fn executable(architecture: &str) -> Vec<u8> {
    if architecture == "arm64" {
        let code: Vec<u8> = SLEEP_AARCH64.iter().flat_map(|i| i.to_le_bytes()).collect();
        elf(AARCH64, &code)
    } else {
        elf(X86_64, &SLEEP_X86_64)
    }
}

/// A static executable of one segment, which holds the headers and the code.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let headers = u64::from(ELF_HEADER + PROGRAM_HEADER);
    let size = headers + code.len() as u64;
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
    let long = |file: &mut Vec<u8>, value: u64| file.extend(value.to_le_bytes());
    half(&mut file, 2); // an executable
    half(&mut file, machine);
    word(&mut file, 1); // version
    long(&mut file, BASE + headers); // entry point
    long(&mut file, u64::from(ELF_HEADER)); // where the program header is
    long(&mut file, 0); // no section headers
    word(&mut file, 0); // flags
    half(&mut file, ELF_HEADER);
    half(&mut file, PROGRAM_HEADER);
    half(&mut file, 1); // one program header
    for _ in 0..3 {
        half(&mut file, 0); // nothing of sections
    }
    word(&mut file, 1); // to be loaded
    word(&mut file, 5); // to be read and executed
    for value in [0, BASE, BASE, size, size, ALIGNMENT] {
        long(&mut file, value);
    }
    file.extend(code);
    file
}

/// A tar archive of the executable: what an engine imports as an image.
pub(super) fn archive(executable: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 512;
    let name = PROGRAM.trim_start_matches('/');
    let mut header = Vec::with_capacity(BLOCK);
    let field = |header: &mut Vec<u8>, text: &str, length: usize| {
        header.extend(text.bytes());
        let end = header.len() + length - text.len();
        header.resize(end, 0);
    };
    field(&mut header, name, 100);
    field(&mut header, "0000755", 8);
    field(&mut header, "0000000", 8); // user
    field(&mut header, "0000000", 8); // group
    field(&mut header, &format!("{:011o}", executable.len()), 12);
    field(&mut header, "00000000000", 12); // time
    let checksum_at = header.len();
    field(&mut header, "        ", 8); // the checksum is counted as spaces
    field(&mut header, "0", 1); // a file
    field(&mut header, "", 100);
    field(&mut header, "ustar", 6);
    field(&mut header, "00", 2);
    header.resize(BLOCK, 0);
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    let checksum = format!("{sum:06o}\0 ");
    header.splice(checksum_at..checksum_at + checksum.len(), checksum.bytes());

    header.extend(executable);
    // The end is two empty blocks.
    let padded = header.len().next_multiple_of(BLOCK) + 2 * BLOCK;
    header.resize(padded, 0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(file: &[u8], at: usize, bytes: usize) -> u64 {
        let digits = file[at..at + bytes].iter().rev();
        digits.fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    #[test]
    fn the_header_names_the_processor_and_the_first_instruction() {
        for (architecture, machine, first) in [
            ("x86_64", X86_64, &SLEEP_X86_64[..4]),
            ("arm64", AARCH64, &[0, 0, 0x80, 0xd2]),
        ] {
            let file = executable(architecture);
            assert_eq!(&file[..5], b"\x7fELF\x02", "64 bits");
            assert_eq!(number(&file, 16, 2), 2, "an executable");
            assert_eq!(number(&file, 18, 2), u64::from(machine));
            let entry = number(&file, 24, 8);
            let (program_header, address) = (number(&file, 32, 8), number(&file, 64 + 16, 8));
            assert_eq!(program_header, 64);
            let offset = usize::try_from(entry - address).unwrap();
            assert_eq!(&file[offset..offset + 4], first);
            let loaded = number(&file, 64 + 32, 8);
            assert_eq!(loaded, file.len() as u64, "all of it is loaded");
            assert_eq!(number(&file, 64 + 4, 4), 5, "and nothing can be written");
        }
    }

    #[test]
    fn the_jump_goes_back_to_the_beginning() {
        let back = SLEEP_X86_64[8].cast_signed();
        assert_eq!(back, -9, "so many bytes long");
        let words = (SLEEP_AARCH64[7] << 6).cast_signed() >> 6;
        assert_eq!(words, -7, "so many instructions before this one");
    }

    #[test]
    fn the_archive_is_one_file_that_anybody_may_execute() {
        let file = executable("x86_64");
        let archive = archive(&file);
        assert_eq!(archive.len() % 512, 0);
        assert_eq!(&archive[..5], b"hold\0");
        assert_eq!(&archive[100..107], b"0000755");
        assert_eq!(&archive[257..262], b"ustar");
        assert_eq!(&archive[512..512 + file.len()], &file);
        let sum: u64 = archive[..512]
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                if (148..156).contains(&at) {
                    32
                } else {
                    u64::from(*byte)
                }
            })
            .sum();
        let told = std::str::from_utf8(&archive[148..154]).unwrap();
        assert_eq!(u64::from_str_radix(told, 8).unwrap(), sum);
    }
}
